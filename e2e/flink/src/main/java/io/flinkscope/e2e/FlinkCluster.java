package io.flinkscope.e2e;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;

/**
 * A real Flink cluster with its REST API and some demo jobs in one JVM, for tests.
 *
 * <p>Prints one line, {@code FLINK_URL=http://127.0.0.1:PORT}, once all tasks of all jobs run, and
 * ends with its standard input, so that it never outlives the process that started it.
 */
public final class FlinkCluster {

  private FlinkCluster() {}

  public static void main(String[] args) throws IOException {
    Arguments arguments = parse(args);
    Lifetime lifetime = Lifetime.begin();
    try {
      System.out.println("FLINK_URL=" + start(arguments, lifetime));
      System.out.flush();
    } catch (Throwable e) {
      lifetime.fail(e);
    }
  }

  private static Arguments parse(String[] args) {
    try {
      return Arguments.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      throw e;
    }
  }

  private static String start(Arguments arguments, Lifetime lifetime) throws Exception {
    Configuration configuration = Settings.of(arguments, lifetime.directory());
    List<JobGraph> jobs = graphs(arguments, configuration);
    MiniCluster cluster = Settings.cluster(arguments, configuration, jobs);
    cluster.start();
    for (JobGraph job : jobs) {
      cluster.submitJob(job).get();
    }
    URI rest = cluster.getRestAddress().get();
    new Readiness(cluster, rest).await(jobs);
    return "http://127.0.0.1:" + rest.getPort();
  }

  private static List<JobGraph> graphs(Arguments arguments, Configuration configuration) {
    return arguments.jobs().stream()
        .map(name -> Jobs.graph(name, configuration))
        .collect(Collectors.toList());
  }
}
