package io.flinkscope.e2e;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;

/**
 * Waits until the REST API answers and each job has been seen with all its tasks running, however
 * long that takes: who has started this process decides how long it may.
 */
final class Readiness {

  private static final long POLL_MILLIS = 50;

  private final MiniCluster cluster;
  private final URI rest;

  Readiness(MiniCluster cluster, URI rest) {
    this.cluster = cluster;
    this.rest = rest;
  }

  void await(List<JobGraph> jobs) throws Exception {
    while (!answers()) {
      Thread.sleep(POLL_MILLIS);
    }
    for (JobGraph job : jobs) {
      while (!runs(job)) {
        Thread.sleep(POLL_MILLIS);
      }
    }
  }

  /** Until a leader is elected it answers 503. Requests nothing that the REST API would then cache. */
  private boolean answers() throws IOException {
    HttpURLConnection request =
        (HttpURLConnection) rest.resolve("/config").toURL().openConnection();
    try {
      return request.getResponseCode() == HttpURLConnection.HTTP_OK;
    } finally {
      request.disconnect();
    }
  }

  private boolean runs(JobGraph job) throws Exception {
    AccessExecutionGraph graph = cluster.getExecutionGraph(job.getJobID()).get();
    JobStatus status = graph.getState();
    if (status.isGloballyTerminalState()) {
      throw new IllegalStateException("Job " + job.getName() + " ended as " + status + ".");
    }
    return status == JobStatus.RUNNING && allTasksRun(graph);
  }

  private static boolean allTasksRun(AccessExecutionGraph graph) {
    return StreamSupport.stream(graph.getAllExecutionVertices().spliterator(), false)
        .allMatch(task -> task.getExecutionState() == ExecutionState.RUNNING);
  }
}
