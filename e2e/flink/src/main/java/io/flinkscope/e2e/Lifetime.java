package io.flinkscope.e2e;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * How long this process lives and what it leaves behind: it ends with its standard input, which
 * also closes when the parent is killed, and takes its directory of temporary files with it.
 *
 * <p>The cluster is not closed but halted together with the JVM: all of it is in here, and closing
 * can hang while it starts and makes some versions log errors about jobs that end.
 */
final class Lifetime {

  /** Flink may add files while they are being deleted. */
  private static final int ATTEMPTS = 10;

  private final File directory;
  private volatile boolean ending;
  private volatile int status;
  private volatile Consumer<String> onLine = line -> {};

  private Lifetime(Path directory) {
    this.directory = directory.toFile();
  }

  static Lifetime begin() throws IOException {
    Lifetime lifetime = new Lifetime(Files.createTempDirectory("flinkscope-e2e-"));
    Runtime.getRuntime().addShutdownHook(new Thread(lifetime::end));
    new Thread(lifetime::followStandardInput, "standard-input").start();
    return lifetime;
  }

  String directory() {
    return directory.getPath();
  }

  /** What is done with each line of the standard input. */
  void onLine(Consumer<String> onLine) {
    this.onLine = onLine;
  }

  /** A failure that comes of ending in the middle of the start is none. */
  void fail(Throwable e) {
    if (!ending) {
      e.printStackTrace();
      status = 1;
      System.exit(status);
    }
  }

  private void followStandardInput() {
    try {
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        onLine.accept(line);
      }
    } catch (IOException e) {
      // Cannot be read any more: its end as well.
    }
    System.exit(0);
  }

  private void end() {
    ending = true;
    for (int i = 0; i < ATTEMPTS && directory.exists(); i++) {
      delete(directory);
    }
    Runtime.getRuntime().halt(status);
  }

  private static void delete(File file) {
    File[] contents = file.listFiles();
    if (contents != null) {
      for (File content : contents) {
        delete(content);
      }
    }
    file.delete();
  }
}
