package io.flinkscope.e2e;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** How long jobs have worked, by a name: since the first call, restarts of the job included. */
final class Uptime {

  /** Of all functions in this JVM. */
  private static final Map<String, Long> BEGINS = new ConcurrentHashMap<>();

  private Uptime() {}

  static long seconds(String job) {
    long begin = BEGINS.computeIfAbsent(job, name -> System.nanoTime());
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
  }
}
