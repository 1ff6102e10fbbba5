package io.flinkscope.e2e;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.api.connector.source.lib.util.IteratorSourceReader;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.util.NumberSequenceIterator;

/**
 * An endless sequence of numbers whose reader sleeps on the task's thread before each: Flink counts
 * that as busy time, where {@link ThrottledReader} is idle.
 */
final class SleepingSequence extends NumberSequenceSource {

  private static final long serialVersionUID = 1L;

  private final long millis;

  SleepingSequence(long millis) {
    super(0, Long.MAX_VALUE);
    this.millis = millis;
  }

  @Override
  public SourceReader<Long, NumberSequenceSplit> createReader(SourceReaderContext context) {
    return new Reader(context, millis);
  }

  private static final class Reader
      extends IteratorSourceReader<Long, NumberSequenceIterator, NumberSequenceSplit> {

    private final long millis;

    Reader(SourceReaderContext context, long millis) {
      super(context);
      this.millis = millis;
    }

    @Override
    public InputStatus pollNext(ReaderOutput<Long> output) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
      return super.pollNext(output);
    }
  }
}
