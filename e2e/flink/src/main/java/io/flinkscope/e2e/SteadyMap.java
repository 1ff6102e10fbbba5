package io.flinkscope.e2e;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.functions.MapFunction;

/**
 * A {@link SlowMap} that is exact on average: what one sleep takes too long, the next ones are
 * shorter, so that a task that needs 9.5 ms for a record stays faster than one that needs 10.
 */
final class SteadyMap implements MapFunction<Event, Event> {

  private static final long serialVersionUID = 1L;

  private final long nanos;
  private long owed;

  SteadyMap(double millis) {
    this.nanos = (long) (millis * TimeUnit.MILLISECONDS.toNanos(1));
  }

  @Override
  public Event map(Event event) {
    owed += nanos;
    if (owed > 0) {
      long begin = System.nanoTime();
      LockSupport.parkNanos(owed);
      owed -= System.nanoTime() - begin;
    }
    return event;
  }
}
