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
 * counts that wait as idle time of the task, where a sleep would be busy time. What a task behind
 * it holds back it either gives up or, as one that reads a queue, makes up for later.
 */
final class ThrottledReader<T, S extends SourceSplit> implements SourceReader<T, S> {

  private final SourceReader<T, S> reader;
  private final long periodNanos;
  private final boolean queues;
  private volatile long due = System.nanoTime();
  private CompletableFuture<Void> timer = CompletableFuture.completedFuture(null);

  ThrottledReader(SourceReader<T, S> reader, double recordsPerSecond, boolean queues) {
    this.reader = reader;
    this.periodNanos = (long) (TimeUnit.SECONDS.toNanos(1) / recordsPerSecond);
    this.queues = queues;
  }

  /** How many records are due that were not read yet. */
  long pending() {
    return Math.max(0, (System.nanoTime() - due) / periodNanos);
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
    return timer.isDone() ? InputStatus.MORE_AVAILABLE : InputStatus.NOTHING_AVAILABLE;
  }

  @Override
  public CompletableFuture<Void> isAvailable() {
    return CompletableFuture.allOf(timer, reader.isAvailable());
  }

  private void schedule() {
    long now = System.nanoTime();
    due = queues ? due + periodNanos : Math.max(due + periodNanos, now);
    if (due <= now) {
      return;
    }
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
