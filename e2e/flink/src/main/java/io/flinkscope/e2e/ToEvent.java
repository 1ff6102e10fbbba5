package io.flinkscope.e2e;

import org.apache.flink.api.common.functions.MapFunction;

/** Makes a source's number an event, at no cost. */
final class ToEvent implements MapFunction<Long, Event> {

  private static final long serialVersionUID = 1L;

  @Override
  public Event map(Long id) {
    return new Event(id);
  }
}
