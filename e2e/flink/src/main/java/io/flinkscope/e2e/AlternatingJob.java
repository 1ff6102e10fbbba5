package io.flinkscope.e2e;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The bottleneck is now the window, which hoards, now the sink, while the window fires. */
final class AlternatingJob {

  /** Long enough for Flink, which fetches metrics every 10 s, to tell the turns apart. */
  static final long SLOW_TURN_MILLIS = 40_000;

  /**
   * A window that fires about every 20 s: too fast for that. It is no multiple of 10 s, or the
   * fetches could meet the middle of each turn, for ever.
   */
  static final long FAST_TURN_MILLIS = 9_700;

  /** So short that what the buffers hold when a firing ends is soon gone. */
  private static final long SINK_MILLIS = 1;

  private AlternatingJob() {}

  static void build(StreamExecutionEnvironment env, long turnMillis) {
    Streams.flood(Streams.unchained(env), "orders")
        .map(new ToEvent()).name("enrich")
        .keyBy(new EvenKey())
        .process(new HoardingWindow(turnMillis)).name("window").setParallelism(Streams.WIDE)
        .flatMap(new Discard(new SlowMap(SINK_MILLIS))).name("sink");
  }
}
