package io.flinkscope.e2e;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.functions.MapFunction;

/** Keeps its task busy, without using the processor, for some time with every event. */
final class SlowMap implements MapFunction<Event, Event> {

  private static final long serialVersionUID = 1L;

  private final long millis;

  SlowMap(long millis) {
    this.millis = millis;
  }

  @Override
  public Event map(Event event) {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    return event;
  }
}
