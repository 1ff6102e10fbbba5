package io.flinkscope.e2e;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * The command line: {@code [--job NAME]... [--task-managers N] [--conf key=value]...}.
 *
 * <p>What is wrong with it is an {@link IllegalArgumentException} with one sentence for the user.
 */
final class Arguments {

  private final Set<String> jobs = new LinkedHashSet<>();
  private final Map<String, String> conf = new LinkedHashMap<>();
  private int taskManagers = 2;

  private Arguments() {}

  static Arguments parse(String[] args) {
    Arguments arguments = new Arguments();
    Deque<String> rest = new ArrayDeque<>(Arrays.asList(args));
    while (!rest.isEmpty()) {
      String option = rest.pop();
      if (rest.isEmpty()) {
        throw new IllegalArgumentException(option + " is unknown or lacks its value.");
      }
      arguments.take(option, rest.pop());
    }
    return arguments;
  }

  Set<String> jobs() {
    return jobs;
  }

  Map<String, String> conf() {
    return conf;
  }

  int taskManagers() {
    return taskManagers;
  }

  private void take(String option, String value) {
    switch (option) {
      case "--job":
        jobs.addAll(Jobs.named(value));
        break;
      case "--task-managers":
        taskManagers = positive(value);
        break;
      case "--conf":
        setting(value);
        break;
      default:
        throw new IllegalArgumentException("Unknown option " + option + ".");
    }
  }

  private void setting(String value) {
    int at = value.indexOf('=');
    if (at < 1) {
      throw new IllegalArgumentException("--conf takes key=value, not " + value + ".");
    }
    conf.put(value.substring(0, at), value.substring(at + 1));
  }

  private static int positive(String value) {
    if (!value.matches("[1-9][0-9]{0,3}")) {
      throw new IllegalArgumentException("--task-managers takes 1 to 9999, not " + value + ".");
    }
    return Integer.parseInt(value);
  }
}
