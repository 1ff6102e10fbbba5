package io.flinkscope.e2e;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** One subtask gets most of the events and holds up all, while its siblings are mostly idle. */
final class SkewJob {

  private SkewJob() {}

  static void build(StreamExecutionEnvironment env) {
    Streams.flood(Streams.unchained(env), "orders")
        .map(new ToEvent()).name("enrich")
        .keyBy(new HotKey())
        .map(new SlowMap(Streams.SLOW_MILLIS)).name("aggregate").setParallelism(Streams.WIDE)
        .flatMap(new Discard(new PassOn())).name("sink");
  }
}
