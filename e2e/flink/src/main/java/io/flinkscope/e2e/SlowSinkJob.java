package io.flinkscope.e2e;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The last task is the slow one, so that everything else is held up. */
final class SlowSinkJob {

  private SlowSinkJob() {}

  static void build(StreamExecutionEnvironment env) {
    Streams.flood(Streams.unchained(env), "orders")
        .map(new ToEvent()).name("enrich")
        .keyBy(new EvenKey())
        .map(new PassOn()).name("aggregate").setParallelism(Streams.WIDE)
        .flatMap(new Discard(new SlowMap(Streams.SLOW_MILLIS))).name("sink");
  }
}
