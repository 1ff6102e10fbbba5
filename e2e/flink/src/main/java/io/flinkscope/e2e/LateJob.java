package io.flinkscope.e2e;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Falls behind: its source is offered four times as many records as the slow task takes. */
final class LateJob {

  /** For each of two subtasks; the four of the slow task take 100 each. */
  private static final double OFFERED = 800;

  private LateJob() {}

  static void build(StreamExecutionEnvironment env) {
    DataStream<Long> orders =
        Streams.unchained(env)
            .fromSource(
                new QueuedSequence(OFFERED),
                WatermarkStrategy.<Long>forMonotonousTimestamps()
                    .withTimestampAssigner((number, none) -> System.currentTimeMillis()),
                "orders");
    orders
        .map(new ToEvent()).name("enrich")
        .keyBy(new EvenKey())
        .map(new SlowMap(Streams.SLOW_MILLIS)).name("slow-window").setParallelism(Streams.WIDE)
        .flatMap(new Discard(new PassOn())).name("sink");
  }
}
