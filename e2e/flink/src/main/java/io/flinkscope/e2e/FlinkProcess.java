package io.flinkscope.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.entrypoint.ClusterEntrypoint;
import org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.taskexecutor.TaskExecutorResourceUtils;
import org.apache.flink.runtime.taskexecutor.TaskManagerRunner;

/**
 * A JobManager, or a TaskManager, as a process of its own, so that it can be killed: {@code
 * jobmanager [--job NAME]... [--conf key=value]...} or {@code taskmanager [--conf key=value]...}.
 * From Flink 1.14 on.
 *
 * <p>A JobManager prints {@code FLINK_RPC=PORT}, which is {@code jobmanager.rpc.port} of its
 * TaskManagers, and {@code FLINK_URL=http://127.0.0.1:PORT} once its REST API has taken the jobs.
 * Each ends with its standard input.
 */
public final class FlinkProcess {

  private static final String BOUNDARY = "flinkscope";
  private static final long POLL_MILLIS = 50;

  private FlinkProcess() {}

  public static void main(String[] args) throws IOException {
    Lifetime lifetime = Lifetime.begin();
    try {
      Arguments arguments = Arguments.parse(Arrays.copyOfRange(args, 1, args.length));
      Configuration configuration = Settings.of(arguments, lifetime.directory());
      if ("taskmanager".equals(args[0])) {
        TaskManagerRunner.runTaskManagerProcessSecurely(
            TaskExecutorResourceUtils.adjustForLocalExecution(configuration));
      } else {
        jobManager(arguments, configuration);
      }
    } catch (Throwable e) {
      lifetime.fail(e);
    }
  }

  private static void jobManager(Arguments arguments, Configuration configuration)
      throws Exception {
    ClusterEntrypoint entrypoint = new StandaloneSessionClusterEntrypoint(configuration);
    entrypoint.startCluster();
    System.out.println("FLINK_RPC=" + port(entrypoint, "getRpcPort"));
    URI rest = URI.create("http://127.0.0.1:" + port(entrypoint, "getRestPort"));
    for (String name : arguments.jobs()) {
      while (!submitted(rest, Jobs.graph(name, configuration))) {
        Thread.sleep(POLL_MILLIS);
      }
    }
    System.out.println("FLINK_URL=" + rest);
    System.out.flush();
  }

  /** By its name, as Flink 1.13 has no such method. */
  private static int port(ClusterEntrypoint entrypoint, String method) throws Exception {
    return (int) ClusterEntrypoint.class.getMethod(method).invoke(entrypoint);
  }

  /** Submits a job as Flink's own client does; false while no leader is elected. */
  private static boolean submitted(URI rest, JobGraph job) throws Exception {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    part(body, "name=\"request\"", "{\"jobGraphFileName\":\"graph\",\"jobJarFileNames\":[],\"jobArtifactFileNames\":[]}".getBytes(StandardCharsets.UTF_8));
    ByteArrayOutputStream graph = new ByteArrayOutputStream();
    try (ObjectOutputStream written = new ObjectOutputStream(graph)) {
      written.writeObject(job);
    }
    part(body, "name=\"file_0\"; filename=\"graph\"", graph.toByteArray());
    body.write(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.UTF_8));
    HttpRequest request =
        HttpRequest.newBuilder(rest.resolve("/jobs"))
            .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()))
            .build();
    HttpResponse<String> answer =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() == HttpURLConnection.HTTP_UNAVAILABLE) {
      return false;
    }
    if (answer.statusCode() / 100 != 2) {
      throw new IOException("Job " + job.getName() + ": " + answer.statusCode() + " " + answer.body());
    }
    return true;
  }

  private static void part(ByteArrayOutputStream body, String disposition, byte[] content)
      throws IOException {
    String head =
        "--" + BOUNDARY + "\r\nContent-Disposition: form-data; " + disposition
            + "\r\nContent-Type: application/octet-stream\r\n\r\n";
    body.write(head.getBytes(StandardCharsets.UTF_8));
    body.write(content);
    body.write("\r\n".getBytes(StandardCharsets.UTF_8));
  }
}
