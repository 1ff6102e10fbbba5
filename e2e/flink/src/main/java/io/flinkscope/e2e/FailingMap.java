package io.flinkscope.e2e;

import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.api.common.functions.MapFunction;

/** Does nothing, and after some time fails once. */
final class FailingMap implements MapFunction<Event, Event> {

  private static final long serialVersionUID = 1L;

  /** Of all functions in this JVM, which a restart makes anew. */
  private static final AtomicBoolean FAILED = new AtomicBoolean();

  private final String job;
  private final long failSeconds;

  FailingMap(String job, long failSeconds) {
    this.job = job;
    this.failSeconds = failSeconds;
  }

  @Override
  public Event map(Event event) {
    if (Uptime.seconds(job) >= failSeconds && FAILED.compareAndSet(false, true)) {
      throw new IllegalStateException("This fails once, on purpose.");
    }
    return event;
  }
}
