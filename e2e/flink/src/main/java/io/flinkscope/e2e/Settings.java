package io.flinkscope.e2e;

import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.JobVertex;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;

/**
 * The cluster's settings: Flink's defaults, except that everything listens on the loopback address
 * only, on free ports, that all files are kept in one directory, and that there are flame graphs.
 */
final class Settings {

  private static final String LOOPBACK = "127.0.0.1";

  private static final List<String> ADDRESSES =
      List.of(
          "rest.address",
          "rest.bind-address",
          "jobmanager.rpc.address",
          "jobmanager.bind-host",
          "taskmanager.host",
          "taskmanager.bind-host");

  private static final List<String> DIRECTORIES =
      List.of("io.tmp.dirs", "web.tmpdir", "blob.storage.directory");

  private Settings() {}

  static Configuration of(Arguments arguments, String directory) {
    Configuration configuration = new Configuration();
    listen(configuration);
    configuration.setString("rest.flamegraph.enabled", "true");
    for (String key : DIRECTORIES) {
      configuration.setString(key, directory);
    }
    arguments.conf().forEach(configuration::setString);
    return configuration;
  }

  static MiniCluster cluster(
      Arguments arguments, Configuration configuration, List<JobGraph> jobs) {
    int managers = arguments.taskManagers();
    int slots = jobs.stream().mapToInt(Settings::slots).sum();
    return new MiniCluster(
        new MiniClusterConfiguration.Builder()
            .setConfiguration(configuration)
            .setNumTaskManagers(managers)
            .setNumSlotsPerTaskManager(Math.max(1, (slots + managers - 1) / managers))
            .build());
  }

  private static void listen(Configuration configuration) {
    configuration.setString("rest.port", "0");
    configuration.setString("rest.bind-port", "0");
    for (String key : ADDRESSES) {
      configuration.setString(key, LOOPBACK);
    }
  }

  /** With the one, default slot sharing group a job takes as many slots as its widest task. */
  private static int slots(JobGraph job) {
    return StreamSupport.stream(job.getVertices().spliterator(), false)
        .mapToInt(JobVertex::getParallelism)
        .max()
        .orElse(1);
  }
}
