package io.flinkscope.e2e;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Nothing is held up and nothing is busy. */
final class HealthyJob {

  private HealthyJob() {}

  static void build(StreamExecutionEnvironment env) {
    Streams.trickle(Streams.unchained(env), "orders")
        .map(new ToEvent()).name("enrich")
        .keyBy(new EvenKey())
        .map(new PassOn()).name("count").setParallelism(Streams.WIDE)
        .flatMap(new Discard(new PassOn())).name("sink");
  }
}
