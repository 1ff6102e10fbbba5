package io.flinkscope.e2e;

import org.apache.flink.api.java.functions.KeySelector;

/**
 * Two keys for 60 % of the events, which Flink gives to subtasks 5 and 1 of eight, and an even
 * spread for the rest.
 */
final class TwoHotKeys implements KeySelector<Event, Long> {

  private static final long serialVersionUID = 1L;

  private static final long[] HOT = {-1, -7};
  private static final int EACH_OF_TEN = 3;

  @Override
  public Long getKey(Event event) {
    int digit = (int) (event.id % 10);
    return digit < HOT.length * EACH_OF_TEN ? HOT[digit / EACH_OF_TEN] : event.id;
  }
}
