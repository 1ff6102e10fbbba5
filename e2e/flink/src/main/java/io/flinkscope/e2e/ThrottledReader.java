package io.flinkscope.e2e;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.InputStatus;

/**
 * Slows another reader down by reporting itself unavailable until the next record is due: Flink
 * counts that wait as idle time of the task, where a sleep would be busy time.
 */
final class ThrottledReader<T, S extends SourceSplit> implements SourceReader<T, S> {

  private final SourceReader<T, S> reader;
  private final long periodNanos;
  private long due = System.nanoTime();
  private CompletableFuture<Void> timer = CompletableFuture.completedFuture(null);

  ThrottledReader(SourceReader<T, S> reader, double recordsPerSecond) {
    this.reader = reader;
    this.periodNanos = (long) (TimeUnit.SECONDS.toNanos(1) / recordsPerSecond);
  }

  @Override
  public InputStatus pollNext(ReaderOutput<T> output) throws Exception {
    if (!timer.isDone()) {
      return InputStatus.NOTHING_AVAILABLE;
    }
    InputStatus status = reader.pollNext(output);
    if (status != InputStatus.MORE_AVAILABLE) {
      return status;
    }
    schedule();
    return InputStatus.NOTHING_AVAILABLE;
  }

  @Override
  public CompletableFuture<Void> isAvailable() {
    return CompletableFuture.allOf(timer, reader.isAvailable());
  }

  /** Keeps to the rate, but does not make up for time spent backpressured. */
  private void schedule() {
    long now = System.nanoTime();
    due = Math.max(due + periodNanos, now);
    Executor later =
        CompletableFuture.delayedExecutor(due - now, TimeUnit.NANOSECONDS, Runnable::run);
    timer = CompletableFuture.runAsync(() -> {}, later);
  }

  @Override
  public void start() {
    reader.start();
  }

  @Override
  public List<S> snapshotState(long checkpointId) {
    return reader.snapshotState(checkpointId);
  }

  @Override
  public void addSplits(List<S> splits) {
    reader.addSplits(splits);
  }

  @Override
  public void notifyNoMoreSplits() {
    reader.notifyNoMoreSplits();
  }

  @Override
  public void close() throws Exception {
    reader.close();
  }
}
