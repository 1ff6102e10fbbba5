package io.flinkscope.e2e;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;

/**
 * A real Flink cluster with its REST API and some demo jobs in one JVM, for tests.
 *
 * <p>The lines {@code terminate TaskManager} and {@code start TaskManager} of its standard input
 * do that with one, the oldest first.
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
    AtomicInteger oldest = new AtomicInteger(); // of the TaskManagers that run
    lifetime.onLine(line -> command(cluster, oldest, line));
    URI rest = cluster.getRestAddress().get();
    new Readiness(cluster, rest).await(jobs);
    return "http://127.0.0.1:" + rest.getPort();
  }

  private static void command(MiniCluster cluster, AtomicInteger oldest, String line) {
    try {
      if ("terminate TaskManager".equals(line)) {
        cluster.terminateTaskManager(oldest.getAndIncrement()).get();
      } else if ("start TaskManager".equals(line)) {
        cluster.startTaskManager();
      } else {
        throw new IllegalArgumentException("Unknown command " + line + ".");
      }
      System.out.println("FLINK_DONE=" + line);
      System.out.flush();
    } catch (Exception e) {
      e.printStackTrace();
    }
  }

  private static List<JobGraph> graphs(Arguments arguments, Configuration configuration) {
    return arguments.jobs().stream()
        .map(name -> Jobs.graph(name, configuration))
        .collect(Collectors.toList());
  }
}
