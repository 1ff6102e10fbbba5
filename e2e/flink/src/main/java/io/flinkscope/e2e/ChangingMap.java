package io.flinkscope.e2e;

import org.apache.flink.api.common.functions.MapFunction;

/** Work that takes one time for an event at first, and another from some moment on. */
final class ChangingMap implements MapFunction<Event, Event> {

  private static final long serialVersionUID = 1L;

  private final String job;
  private final long changeSeconds;
  private final SteadyMap before;
  private final SteadyMap after;

  ChangingMap(String job, long changeSeconds, double beforeMillis, double afterMillis) {
    this.job = job;
    this.changeSeconds = changeSeconds;
    this.before = new SteadyMap(beforeMillis);
    this.after = new SteadyMap(afterMillis);
  }

  @Override
  public Event map(Event event) {
    return (Uptime.seconds(job) < changeSeconds ? before : after).map(event);
  }
}
