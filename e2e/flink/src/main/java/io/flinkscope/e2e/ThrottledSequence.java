package io.flinkscope.e2e;

import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;

/** An endless sequence of numbers at a fixed rate for each subtask. */
final class ThrottledSequence extends NumberSequenceSource {

  private static final long serialVersionUID = 1L;

  private final double recordsPerSecond;

  ThrottledSequence(double recordsPerSecond) {
    super(0, Long.MAX_VALUE);
    this.recordsPerSecond = recordsPerSecond;
  }

  @Override
  public SourceReader<Long, NumberSequenceSplit> createReader(SourceReaderContext context) {
    return new ThrottledReader<>(super.createReader(context), recordsPerSecond, false);
  }
}
