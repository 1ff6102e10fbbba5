package io.flinkscope.e2e;

import org.apache.flink.api.common.functions.MapFunction;

/** A task that does nothing that takes time. */
final class PassOn implements MapFunction<Event, Event> {

  private static final long serialVersionUID = 1L;

  @Override
  public Event map(Event event) {
    return event;
  }
}
