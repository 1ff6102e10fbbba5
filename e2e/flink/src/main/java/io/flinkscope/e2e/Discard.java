package io.flinkscope.e2e;

import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.util.Collector;

/**
 * The end of a pipeline: lets a function have every event and emits nothing. Flink's own sinks have
 * an interface that changed with almost every version.
 */
final class Discard implements FlatMapFunction<Event, Event> {

  private static final long serialVersionUID = 1L;

  private final MapFunction<Event, Event> function;

  Discard(MapFunction<Event, Event> function) {
    this.function = function;
  }

  @Override
  public void flatMap(Event event, Collector<Event> out) throws Exception {
    function.map(event);
  }
}
