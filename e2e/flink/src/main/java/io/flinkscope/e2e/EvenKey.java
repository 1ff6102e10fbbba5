package io.flinkscope.e2e;

import org.apache.flink.api.java.functions.KeySelector;

/** As many keys as events, which Flink spreads evenly over the subtasks. */
final class EvenKey implements KeySelector<Event, Long> {

  private static final long serialVersionUID = 1L;

  @Override
  public Long getKey(Event event) {
    return event.id;
  }
}
