package io.flinkscope.e2e;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.co.CoMapFunction;

/** Jobs whose bottleneck is easily mistaken, by name; e2e/hardcases_test.go has what is right. */
final class HardJobs {

  /** A task that needs this for a record is busy 95 % of the time at 100 records a second. */
  private static final double SLIGHTLY_FASTER_MILLIS = 9.5;

  /** How long a job has worked when it changes: two samples show by then what it is like. */
  private static final long CHANGE_SECONDS = 30;

  static final Map<String, Consumer<StreamExecutionEnvironment>> BUILDERS = new TreeMap<>();

  static {
    BUILDERS.put("busy-branch", HardJobs::busyBranch);
    BUILDERS.put("busy-branch-of-one-source", HardJobs::busyBranchOfOneSource);
    BUILDERS.put("checkpoints", HardJobs::checkpoints);
    BUILDERS.put("hot-key-twice", HardJobs::hotKeyTwice);
    BUILDERS.put("legacy-source", HardJobs::legacySource);
    BUILDERS.put("moved", HardJobs::moved);
    BUILDERS.put("restart", HardJobs::restart);
    BUILDERS.put("series", env -> series(env, SLIGHTLY_FASTER_MILLIS, Streams.SLOW_MILLIS));
    BUILDERS.put(
        "series-reversed", env -> series(env, Streams.SLOW_MILLIS, SLIGHTLY_FASTER_MILLIS));
    BUILDERS.put("sleeping-source", HardJobs::sleepingSource);
    BUILDERS.put("slow-taskmanager", HardJobs::slowTaskManager);
    BUILDERS.put("starved-join", HardJobs::starvedJoin);
    BUILDERS.put("two-bottlenecks", HardJobs::twoBottlenecks);
    BUILDERS.put("two-hot-keys", HardJobs::twoHotKeys);
  }

  private HardJobs() {}

  /** Of two branches one is held up; the other one's rate is just what its task can do. */
  private static void busyBranch(StreamExecutionEnvironment env) {
    Streams.unchained(env);
    DataStream<Event> held = slow(events(Streams.flood(env, "orders"), "parse"), "score");
    DataStream<Event> busy =
        events(Streams.trickle(env, "clicks"), "decode")
            .map(new SteadyMap(SLIGHTLY_FASTER_MILLIS)).name("validate");
    end(held.union(busy).map(new PassOn()).name("merge"), "sink");
  }

  /** The same with one source for both: it is the slower branch that sets their rate. */
  private static void busyBranchOfOneSource(StreamExecutionEnvironment env) {
    DataStream<Event> events = events(Streams.flood(Streams.unchained(env), "orders"), "enrich");
    end(wide(events, new EvenKey(), Streams.SLOW_MILLIS, "slower"), "sink of slower");
    end(wide(events, new EvenKey(), SLIGHTLY_FASTER_MILLIS, "faster"), "sink of faster");
  }

  /** Aligned checkpoints hold inputs up for a moment, again and again, though all is well. */
  private static void checkpoints(StreamExecutionEnvironment env) {
    Streams.unchained(env).enableCheckpointing(2000);
    DataStream<Event> events =
        events(Streams.trickle(env, "orders"), "parse")
            .union(
                events(Streams.trickle(env, "clicks"), "decode"),
                events(Streams.trickle(env, "views"), "unpack"));
    end(wide(wide(events, new EvenKey(), 3, "score"), new EvenKey(), 1, "count"), "sink");
  }

  /** One hot key through two tasks, of which the second is the slower. */
  private static void hotKeyTwice(StreamExecutionEnvironment env) {
    DataStream<Event> events = events(Streams.flood(Streams.unchained(env), "orders"), "enrich");
    DataStream<Event> first = wide(events, new HotKey(), 6, "deduplicate");
    end(wide(first, new HotKey(), Streams.SLOW_MILLIS, "aggregate"), "sink");
  }

  /** A source that is slow in a way that Flink does not measure. */
  private static void legacySource(StreamExecutionEnvironment env) {
    DataStream<Long> numbers =
        LegacySource.add(Streams.unchained(env), "orders", Streams.SLOW_MILLIS);
    end(wide(events(numbers, "enrich"), new EvenKey(), 1, "count"), "sink");
  }

  /** The slow task is the first, and later the second. */
  private static void moved(StreamExecutionEnvironment env) {
    DataStream<Event> events = events(Streams.flood(Streams.unchained(env), "orders"), "enrich");
    DataStream<Event> first =
        events
            .keyBy(new EvenKey())
            .map(new ChangingMap("moved", CHANGE_SECONDS, Streams.SLOW_MILLIS, 0)).name("first")
            .setParallelism(Streams.WIDE);
    DataStream<Event> second =
        first
            .keyBy(new EvenKey())
            .map(new ChangingMap("moved", CHANGE_SECONDS, 0, Streams.SLOW_MILLIS)).name("second")
            .setParallelism(Streams.WIDE);
    end(second, "sink");
  }

  /** A bottleneck that is the same before and after a failure. */
  private static void restart(StreamExecutionEnvironment env) {
    Configuration strategy = new Configuration();
    strategy.setString("restart-strategy", "fixed-delay");
    strategy.setString("restart-strategy.type", "fixed-delay"); // the key in later versions
    strategy.setString("restart-strategy.fixed-delay.attempts", "3");
    strategy.setString("restart-strategy.fixed-delay.delay", "5 s");
    env.configure(strategy, HardJobs.class.getClassLoader());
    DataStream<Event> events =
        events(Streams.flood(Streams.unchained(env), "orders"), "enrich")
            .map(new FailingMap("restart", CHANGE_SECONDS)).name("check");
    end(slow(events, "score"), "sink");
  }

  /** One task after another, about as slow. */
  private static void series(
      StreamExecutionEnvironment env, double firstMillis, double secondMillis) {
    DataStream<Event> events = events(Streams.flood(Streams.unchained(env), "orders"), "enrich");
    DataStream<Event> first = wide(events, new EvenKey(), firstMillis, "first");
    end(wide(first, new EvenKey(), secondMillis, "second"), "sink");
  }

  /** A source that Flink calls busy, as it sleeps, with nothing to do below it. */
  private static void sleepingSource(StreamExecutionEnvironment env) {
    end(events(Streams.sleeping(Streams.unchained(env), "orders", 200), "enrich"), "sink");
  }

  /** All work takes longer on one TaskManager, in three tasks. */
  private static void slowTaskManager(StreamExecutionEnvironment env) {
    DataStream<Event> parsed =
        events(Streams.flood(Streams.unchained(env), "orders"), "parse")
            .keyBy(new EvenKey())
            .map(new UnequalMachinesMap(2, 8)).name("enrich").setParallelism(Streams.WIDE);
    DataStream<Event> aggregated =
        parsed
            .keyBy(new EvenKey())
            .map(new UnequalMachinesMap(3, 12)).name("aggregate").setParallelism(Streams.WIDE);
    aggregated.map(new UnequalMachinesMap(0.5, 2)).name("sink").setParallelism(Streams.WIDE);
  }

  /** A join with one input that floods it, and one that hardly has a record. */
  private static void starvedJoin(StreamExecutionEnvironment env) {
    Streams.unchained(env);
    DataStream<Event> flooded = events(Streams.flood(env, "orders"), "parse");
    DataStream<Event> starved = events(Streams.trickle(env, "rates", 1), "decode");
    DataStream<Event> joined =
        flooded
            .keyBy(new EvenKey())
            .connect(starved.keyBy(new EvenKey()))
            .map(new Join()).name("join")
            .setParallelism(Streams.WIDE);
    end(joined, "sink");
  }

  /** Two pipelines that have nothing in common but the job. */
  private static void twoBottlenecks(StreamExecutionEnvironment env) {
    Streams.unchained(env);
    end(slow(events(Streams.flood(env, "orders"), "parse"), "score"), "sink of orders");
    events(Streams.flood(env, "clicks"), "decode")
        .keyBy(new EvenKey())
        .map(new PassOn()).name("count").setParallelism(Streams.WIDE)
        .flatMap(new Discard(new SteadyMap(Streams.SLOW_MILLIS))).name("sink of clicks");
  }

  /** Two hot keys in a task of eight subtasks. */
  private static void twoHotKeys(StreamExecutionEnvironment env) {
    DataStream<Event> aggregated =
        events(Streams.flood(Streams.unchained(env), "orders"), "enrich")
            .keyBy(new TwoHotKeys())
            .map(new SteadyMap(Streams.SLOW_MILLIS)).name("aggregate")
            .setParallelism(2 * Streams.WIDE);
    end(aggregated, "sink");
  }

  private static DataStream<Event> events(DataStream<Long> numbers, String name) {
    return numbers.map(new ToEvent()).name(name);
  }

  private static DataStream<Event> slow(DataStream<Event> events, String name) {
    return wide(events, new EvenKey(), Streams.SLOW_MILLIS, name);
  }

  private static DataStream<Event> wide(
      DataStream<Event> events, KeySelector<Event, Long> key, double millis, String name) {
    return events
        .keyBy(key)
        .map(new SteadyMap(millis)).name(name)
        .setParallelism(Streams.WIDE);
  }

  private static void end(DataStream<Event> events, String name) {
    events.flatMap(new Discard(new PassOn())).name(name);
  }

  /** Works on the events of both inputs alike. */
  private static final class Join implements CoMapFunction<Event, Event, Event> {

    private static final long serialVersionUID = 1L;

    private final SteadyMap work = new SteadyMap(Streams.SLOW_MILLIS);

    @Override
    public Event map1(Event event) {
      return work.map(event);
    }

    @Override
    public Event map2(Event event) {
      return work.map(event);
    }
  }
}
