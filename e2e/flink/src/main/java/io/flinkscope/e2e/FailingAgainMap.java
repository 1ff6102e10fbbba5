package io.flinkscope.e2e;

import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.functions.MapFunction;

/** Does nothing, and fails each attempt of its subtask some time after its first event. */
final class FailingAgainMap implements MapFunction<Event, Event> {

  private static final long serialVersionUID = 1L;

  private final long failSeconds;

  /** When this attempt had its first event; each attempt has a function of its own. */
  private transient long begin;

  FailingAgainMap(long failSeconds) {
    this.failSeconds = failSeconds;
  }

  @Override
  public Event map(Event event) {
    long now = System.nanoTime();
    if (begin == 0) {
      begin = now;
    }
    if (TimeUnit.NANOSECONDS.toSeconds(now - begin) >= failSeconds) {
      throw new IllegalStateException("This fails again and again, on purpose.");
    }
    return event;
  }
}
