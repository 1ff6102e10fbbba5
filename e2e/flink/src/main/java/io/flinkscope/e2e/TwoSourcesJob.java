package io.flinkscope.e2e;

import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Of two branches only one is held up, by a task before the two meet. */
final class TwoSourcesJob {

  private TwoSourcesJob() {}

  static void build(StreamExecutionEnvironment env) {
    Streams.unchained(env);
    orders(env)
        .union(clicks(env))
        .map(new PassOn()).name("merge")
        .flatMap(new Discard(new PassOn())).name("sink");
  }

  private static DataStream<Event> orders(StreamExecutionEnvironment env) {
    return Streams.flood(env, "orders")
        .map(new ToEvent()).name("parse")
        .keyBy(new EvenKey())
        .map(new SlowMap(Streams.SLOW_MILLIS)).name("score").setParallelism(Streams.WIDE);
  }

  private static DataStream<Event> clicks(StreamExecutionEnvironment env) {
    return Streams.trickle(env, "clicks").map(new ToEvent()).name("validate");
  }
}
