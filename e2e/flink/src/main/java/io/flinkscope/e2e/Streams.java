package io.flinkscope.e2e;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** What the jobs have in common: unchained tasks of parallelism 2 and endless sources. */
final class Streams {

  /** The parallelism of the tasks that are the point of a job. */
  static final int WIDE = 4;

  /** How long a slow task is busy with a record: 100 records a second for a subtask. */
  static final long SLOW_MILLIS = 10;

  private static final int NARROW = 2;
  private static final double CALM_RATE = 100;

  private Streams() {}

  static StreamExecutionEnvironment unchained(StreamExecutionEnvironment env) {
    return env.setParallelism(NARROW).disableOperatorChaining();
  }

  /** As fast as the tasks behind it take the records. */
  static DataStream<Long> flood(StreamExecutionEnvironment env, String name) {
    return source(env, name, new NumberSequenceSource(0, Long.MAX_VALUE));
  }

  /** 100 records a second for a subtask, and idle between them. */
  static DataStream<Long> trickle(StreamExecutionEnvironment env, String name) {
    return trickle(env, name, CALM_RATE);
  }

  /** So many records a second for a subtask, and idle between them. */
  static DataStream<Long> trickle(
      StreamExecutionEnvironment env, String name, double recordsPerSecond) {
    return source(env, name, new ThrottledSequence(recordsPerSecond));
  }

  /** A few records a second for a subtask, which is busy all the time: it sleeps between them. */
  static DataStream<Long> sleeping(StreamExecutionEnvironment env, String name, long millis) {
    return source(env, name, new SleepingSequence(millis));
  }

  private static DataStream<Long> source(
      StreamExecutionEnvironment env, String name, Source<Long, ?, ?> source) {
    return env.fromSource(source, WatermarkStrategy.noWatermarks(), name);
  }
}
