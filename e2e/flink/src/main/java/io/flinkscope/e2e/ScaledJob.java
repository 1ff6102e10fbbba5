package io.flinkscope.e2e;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Needs four subtasks of its slow task by arithmetic: 900 records a second are offered, of which
 * each takes 250. It reports what it has not read yet.
 */
final class ScaledJob {

  /** How many subtasks the slow task has at most; how many it has is in the job's name. */
  static final int MOST = 8;

  /** For each of two subtasks. */
  private static final double OFFERED = 450;

  private static final double MILLIS = 4;

  private ScaledJob() {}

  static String name(int parallelism) {
    return "scaled-" + parallelism;
  }

  static void build(StreamExecutionEnvironment env, int parallelism) {
    Streams.unchained(env)
        .fromSource(new QueuedSequence(OFFERED), WatermarkStrategy.noWatermarks(), "orders")
        .map(new ToEvent()).name("enrich")
        .rebalance()
        .map(new SteadyMap(MILLIS)).name("slow").setParallelism(parallelism)
        .flatMap(new Discard(new PassOn())).name("sink");
  }
}
