package io.flinkscope.e2e;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;

/** The demo jobs by name, which is also their name in Flink: a new one is a line here. */
final class Jobs {

  private static final Map<String, Consumer<StreamExecutionEnvironment>> BUILDERS = new TreeMap<>();

  static {
    BUILDERS.put("alternating", env -> AlternatingJob.build(env, AlternatingJob.SLOW_TURN_MILLIS));
    BUILDERS.put(
        "alternating-fast", env -> AlternatingJob.build(env, AlternatingJob.FAST_TURN_MILLIS));
    for (int tasks : ManyTasksJob.TASKS) {
      BUILDERS.put(ManyTasksJob.name(tasks), env -> ManyTasksJob.build(env, tasks));
    }
    for (int parallelism = 1; parallelism <= ScaledJob.MOST; parallelism++) {
      int subtasks = parallelism;
      BUILDERS.put(ScaledJob.name(subtasks), env -> ScaledJob.build(env, subtasks));
    }
    BUILDERS.put("bottleneck", BottleneckJob::build);
    BUILDERS.put("healthy", HealthyJob::build);
    BUILDERS.put("late", LateJob::build);
    BUILDERS.put("skew", SkewJob::build);
    BUILDERS.put("slow-sink", SlowSinkJob::build);
    BUILDERS.put("two-sources", TwoSourcesJob::build);
    BUILDERS.putAll(HardJobs.BUILDERS);
    BUILDERS.putAll(FaultyJobs.BUILDERS);
  }

  /** Those whose bottleneck moves, that fall behind or fail, or that are there for their size. */
  private static final Pattern ASKED_FOR_BY_NAME =
      Pattern.compile("alternating.*|failing|late|regions|scaled-.*|tasks-.*");

  private Jobs() {}

  /**
   * The one job of this name, for {@code all} every one with one bottleneck or none, or for {@code
   * hard} those of {@link HardJobs}.
   */
  static Collection<String> named(String name) {
    if ("all".equals(name)) {
      return BUILDERS.keySet().stream()
          .filter(job -> !ASKED_FOR_BY_NAME.matcher(job).matches())
          .filter(job -> !HardJobs.BUILDERS.containsKey(job))
          .collect(Collectors.toList());
    }
    if ("hard".equals(name)) {
      return HardJobs.BUILDERS.keySet();
    }
    if (!BUILDERS.containsKey(name)) {
      String known = String.join(", ", BUILDERS.keySet());
      throw new IllegalArgumentException("Unknown job " + name + ": known are " + known + ", all, hard.");
    }
    return List.of(name);
  }

  static JobGraph graph(String name, Configuration configuration) {
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    BUILDERS.get(name).accept(env);
    StreamGraph graph = env.getStreamGraph();
    graph.setJobName(name);
    return graph.getJobGraph();
  }
}
