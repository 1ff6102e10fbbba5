package io.flinkscope.e2e;

import java.io.Serializable;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * A SourceFunction that sleeps between its numbers. Flink does not measure how such sources spend
 * their time, as they do not run on the task's thread.
 *
 * <p>The interface moved to another package in 2.0: this implements it in whichever it is.
 */
final class LegacySource implements InvocationHandler, Serializable {

  private static final long serialVersionUID = 1L;

  private static final String PACKAGE = "org.apache.flink.streaming.api.functions.source.";

  private final long millis;
  private volatile boolean running = true;

  private LegacySource(long millis) {
    this.millis = millis;
  }

  @SuppressWarnings("unchecked")
  static DataStream<Long> add(StreamExecutionEnvironment env, String name, long millis) {
    try {
      env.getConfig().disableClosureCleaner(); // which would look into the proxy, and may not
      Class<?> type = type("SourceFunction");
      Object source =
          Proxy.newProxyInstance(
              type.getClassLoader(), new Class<?>[] {type}, new LegacySource(millis));
      return (DataStream<Long>)
          StreamExecutionEnvironment.class
              .getMethod("addSource", type, String.class, TypeInformation.class)
              .invoke(env, source, name, Types.LONG);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("This Flink has no legacy source.", e);
    }
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Exception {
    switch (method.getName()) {
      case "run":
        run(arguments[0]);
        return null;
      case "cancel":
        running = false;
        return null;
      case "equals":
        return proxy == arguments[0];
      case "hashCode":
        return System.identityHashCode(proxy);
      default:
        return "LegacySource";
    }
  }

  private void run(Object context) throws Exception {
    Method collect = type("SourceFunction$SourceContext").getMethod("collect", Object.class);
    for (long id = 0; running; id++) {
      collect.invoke(context, id);
      Thread.sleep(millis);
    }
  }

  private static Class<?> type(String name) throws ClassNotFoundException {
    try {
      return Class.forName(PACKAGE + name);
    } catch (ClassNotFoundException e) {
      return Class.forName(PACKAGE + "legacy." + name);
    }
  }
}
