package io.flinkscope.e2e;

/** A record that is large enough (about 500 bytes) to fill network buffers within seconds. */
public final class Event {

  private static final int PAYLOAD_BYTES = 480;

  public long id;
  public byte[] payload;

  /** For Flink, which treats this class as a POJO. */
  public Event() {}

  Event(long id) {
    this.id = id;
    this.payload = new byte[PAYLOAD_BYTES];
  }
}
