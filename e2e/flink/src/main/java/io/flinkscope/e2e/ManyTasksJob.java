package io.flinkscope.e2e;

import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** As many tasks as one asks for, with little to do, to see what many cost. */
final class ManyTasksJob {

  static final int[] TASKS = {10, 100, 400, 1000};

  /**
   * How many follow one another: a thousand in a row would be more than Java can serialize on the
   * stack of a thread.
   */
  private static final int IN_A_ROW = 50;

  private ManyTasksJob() {}

  static String name(int tasks) {
    return "tasks-" + tasks;
  }

  static void build(StreamExecutionEnvironment env, int tasks) {
    DataStream<Event> first =
        Streams.trickle(Streams.unchained(env).setParallelism(1), "orders")
            .map(new ToEvent()).name("enrich");
    DataStream<Event> last = first;
    for (int task = 3; task <= tasks; task++) {
      last = last.map(new PassOn()).name("step " + task);
      if (task % IN_A_ROW == 0) {
        last = first;
      }
    }
  }
}
