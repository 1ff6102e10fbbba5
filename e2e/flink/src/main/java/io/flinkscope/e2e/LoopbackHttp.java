package io.flinkscope.e2e;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsServer;
import com.sun.net.httpserver.spi.HttpServerProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Java's own HTTP server on the loopback address only: that of Flink's Prometheus reporter, which
 * has a setting for the ports but none for the address. Java finds this class by the system
 * property in jvm.options.
 *
 * <p>Prints one line, {@code FLINK_REPORTER=127.0.0.1:PORT}, for each server: the port is 0 in the
 * settings, or the first that is free of a range.
 */
public final class LoopbackHttp extends HttpServerProvider {

  private static final String JAVAS_OWN = "sun.net.httpserver.DefaultHttpServerProvider";

  private final HttpServerProvider provider;

  public LoopbackHttp() throws ReflectiveOperationException {
    provider =
        (HttpServerProvider) Class.forName(JAVAS_OWN).getDeclaredConstructor().newInstance();
  }

  @Override
  public HttpServer createHttpServer(InetSocketAddress address, int backlog) throws IOException {
    return announced(provider.createHttpServer(loopback(address), backlog));
  }

  @Override
  public HttpsServer createHttpsServer(InetSocketAddress address, int backlog) throws IOException {
    return announced(provider.createHttpsServer(loopback(address), backlog));
  }

  private static <S extends HttpServer> S announced(S server) {
    InetSocketAddress address = server.getAddress();
    System.out.println(
        "FLINK_REPORTER=" + address.getAddress().getHostAddress() + ":" + address.getPort());
    return server;
  }

  private static InetSocketAddress loopback(InetSocketAddress address) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), address.getPort());
  }
}
