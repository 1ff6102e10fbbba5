package io.flinkscope.e2e;

import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;

/**
 * An endless sequence of numbers that are offered at a fixed rate for each subtask and wait until
 * they are read, as in a message queue. It reports how many wait as such connectors do.
 */
final class QueuedSequence extends NumberSequenceSource {

  private static final long serialVersionUID = 1L;

  private final double recordsPerSecond;

  QueuedSequence(double recordsPerSecond) {
    super(0, Long.MAX_VALUE);
    this.recordsPerSecond = recordsPerSecond;
  }

  @Override
  public SourceReader<Long, NumberSequenceSplit> createReader(SourceReaderContext context) {
    ThrottledReader<Long, NumberSequenceSplit> reader =
        new ThrottledReader<>(super.createReader(context), recordsPerSecond, true);
    context.metricGroup().gauge("pendingRecords", reader::pending);
    return reader;
  }
}
