/**
 * What the backend would say of a value, said while it is typed. Save & test
 * has the last word.
 */
import { type ClusterSettings } from '../types';

/** The name of a cluster that has not been given one. */
export const defaultCluster = 'default';

/** What is wrong with the address of a REST API; undefined if nothing. */
export function addressFault(address = ''): string | undefined {
  const text = address.trim();
  if (text === '') {
    return undefined; // the field says that it is required
  }
  if (!/^https?:\/\//i.test(text)) {
    return 'Begin with http:// or https://.';
  }
  if (!URL.canParse(text)) {
    return 'This is no address: write it like http://jobmanager:8081.';
  }
  const { search, hash, username, password } = new URL(text);
  if (search || hash) {
    return 'Leave out what follows ? or #.';
  }
  return username || password ? 'Leave user and password out: they belong under Authentication.' : undefined;
}

/** What is wrong with a cluster's name among all names. */
export function nameFault(name: string, all: string[]): string | undefined {
  if (name.trim() === '') {
    return 'Give the cluster a name.';
  }
  return all.filter((other) => other.trim() === name.trim()).length > 1 ? 'Another cluster has this name.' : undefined;
}

/** The names of all clusters, the first one first. */
export const clusterNames = (first = '', further: ClusterSettings[] = []) => [first.trim() || defaultCluster, ...further.map(({ name }) => name)];

/** What is wrong with a duration as Go writes it. */
export function durationFault(text = ''): string | undefined {
  const good = text.trim() === '' || /^(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(text.trim());
  return good ? undefined : 'Write a number and a unit, such as 2s or 500ms.';
}
