package io.flinkscope.e2e;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * A window of processing time that works on every event that it hoards, and then fires more results
 * than the task below takes in as long again: it takes turns with that task at being the
 * bottleneck. Its turns begin at multiples of their length since the epoch, on all subtasks alike,
 * so that whoever has a clock knows whose turn it is: the window's at even ones.
 */
final class HoardingWindow extends KeyedProcessFunction<Long, Event, Event> {

  private static final long serialVersionUID = 1L;

  private final long turnMillis;
  private final SlowMap work = new SlowMap(Streams.SLOW_MILLIS);
  private final List<Event> hoard = new ArrayList<>();

  HoardingWindow(long turnMillis) {
    this.turnMillis = turnMillis;
  }

  @Override
  public void processElement(Event event, Context context, Collector<Event> out) {
    work.map(event);
    if (hoard.isEmpty()) {
      context.timerService().registerProcessingTimeTimer(firing());
    }
    hoard.add(event);
  }

  @Override
  public void onTimer(long begin, OnTimerContext context, Collector<Event> out) {
    for (int i = 0; System.currentTimeMillis() < begin + turnMillis; i++) {
      out.collect(hoard.get(i % hoard.size()));
    }
    hoard.clear();
  }

  /** When the next firing begins. */
  private long firing() {
    long turn = System.currentTimeMillis() / turnMillis;
    return (turn + 1 + turn % 2) * turnMillis;
  }
}
