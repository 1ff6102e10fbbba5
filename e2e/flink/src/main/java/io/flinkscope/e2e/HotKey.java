package io.flinkscope.e2e;

import org.apache.flink.api.java.functions.KeySelector;

/** One key for 60 % of the events and an even spread for the rest. */
final class HotKey implements KeySelector<Event, Long> {

  private static final long serialVersionUID = 1L;

  private static final long HOT = -1;
  private static final int HOT_OF_TEN = 6;

  @Override
  public Long getKey(Event event) {
    return event.id % 10 < HOT_OF_TEN ? HOT : event.id;
  }
}
