package io.flinkscope.e2e;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A slow task in the middle, busy on all its subtasks alike, holds up what is before it. */
final class BottleneckJob {

  private BottleneckJob() {}

  static void build(StreamExecutionEnvironment env) {
    Streams.flood(Streams.unchained(env), "orders")
        .map(new ToEvent()).name("enrich")
        .keyBy(new EvenKey())
        .map(new SlowMap(Streams.SLOW_MILLIS)).name("slow-window").setParallelism(Streams.WIDE)
        .flatMap(new Discard(new PassOn())).name("sink");
  }
}
