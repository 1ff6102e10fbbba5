package io.flinkscope.e2e;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Jobs that fail for ever, by name; e2e/faults_test.go has what is answered about them. */
final class FaultyJobs {

  private static final long SOON_SECONDS = 4;

  /** After the warm-up of a task, so that it is measured before it fails. */
  private static final long LATER_SECONDS = 20;

  static final Map<String, Consumer<StreamExecutionEnvironment>> BUILDERS = new TreeMap<>();

  static {
    BUILDERS.put("failing", FaultyJobs::failing);
    BUILDERS.put("regions", FaultyJobs::regions);
  }

  private FaultyJobs() {}

  /** Fails as a whole, in a loop, before it can be measured. */
  private static void failing(StreamExecutionEnvironment env) {
    end(failing(events(forEver(env), "orders", "enrich"), SOON_SECONDS), "sink");
  }

  /** Two pipelines that have nothing in common but the job, of which one fails in a loop. */
  private static void regions(StreamExecutionEnvironment env) {
    StreamExecutionEnvironment restarted = forEver(env);
    DataStream<Event> held =
        events(restarted, "orders", "enrich")
            .keyBy(new EvenKey())
            .map(new SteadyMap(Streams.SLOW_MILLIS)).name("score")
            .setParallelism(Streams.WIDE);
    end(held, "sink of orders");
    end(failing(events(restarted, "clicks", "decode"), LATER_SECONDS), "sink of clicks");
  }

  private static StreamExecutionEnvironment forEver(StreamExecutionEnvironment env) {
    Configuration strategy = new Configuration();
    strategy.setString("restart-strategy", "fixed-delay");
    strategy.setString("restart-strategy.type", "fixed-delay"); // the key in later versions
    strategy.setString("restart-strategy.fixed-delay.attempts", "1000000");
    strategy.setString("restart-strategy.fixed-delay.delay", "1 s");
    env.configure(strategy, FaultyJobs.class.getClassLoader());
    return Streams.unchained(env);
  }

  private static DataStream<Event> events(
      StreamExecutionEnvironment env, String source, String name) {
    return Streams.flood(env, source).map(new ToEvent()).name(name);
  }

  private static DataStream<Event> failing(DataStream<Event> events, long seconds) {
    return events.map(new FailingAgainMap(seconds)).name("check");
  }

  private static void end(DataStream<Event> events, String name) {
    events.flatMap(new Discard(new PassOn())).name(name);
  }
}
