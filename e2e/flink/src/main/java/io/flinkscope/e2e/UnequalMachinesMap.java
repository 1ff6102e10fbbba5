package io.flinkscope.e2e;

import java.util.concurrent.atomic.AtomicReference;
import org.apache.flink.api.common.functions.RichMapFunction;

/**
 * Work that takes longer on one of the TaskManagers, whichever subtask does it: on the first one
 * that has an event for any of these functions.
 */
final class UnequalMachinesMap extends RichMapFunction<Event, Event> {

  private static final long serialVersionUID = 1L;

  /** Of all functions in this JVM: the id of the slow TaskManager, as the REST API has it. */
  private static final AtomicReference<String> SLOW = new AtomicReference<>();

  private final SteadyMap fast;
  private final SteadyMap slow;
  private SteadyMap work;

  UnequalMachinesMap(double fastMillis, double slowMillis) {
    this.fast = new SteadyMap(fastMillis);
    this.slow = new SteadyMap(slowMillis);
  }

  @Override
  public Event map(Event event) {
    if (work == null) {
      String here = getRuntimeContext().getMetricGroup().getAllVariables().get("<tm_id>");
      SLOW.compareAndSet(null, here);
      work = here.equals(SLOW.get()) ? slow : fast;
    }
    return work.map(event);
  }
}
