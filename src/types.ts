import type { DataSourceJsonData, TimeRange } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

/** A query as dashboards and alert rules store it: schemaVersion 1. */
export interface FlinkQuery extends DataQuery {
  schemaVersion?: number;
  /** Ids, exact names or /regular expressions/; none means all. */
  clusters?: string[];
  jobs?: string[];
  tasks?: string[];
  /** Of query types bottlenecks, subtasks and taskmanagers, and kinds of bottlenecks and jobs: ad hoc filters set them. */
  hosts?: string[];
  kinds?: string[];
  /** STREAMING, BATCH; none means all. */
  types?: string[];
  /** Of query types measure and history. */
  measure?: string;
  /** Of query types measure, history and timeline: what there is a series for. */
  by?: string;
  /** Of query types measure, history and timeline: how series are named, with {{job}} and the like. */
  legend?: string;
  /** Of query type subtasks: soft and hard backpressure, buffers; of jobs: the course of severity, and restarts. */
  detail?: boolean;
  /** Of query type scaling: what if tasks had so many subtasks, by their name; a variable is text. */
  parallelism?: Record<string, number | string>;
  /** Of query type variable: what it lists. */
  variable?: string;
  /** Of query type flameGraph: an index, or a variable; none means the one that the verdict names. */
  subtask?: number | string;
  /** Of query type flameGraph: full, on_cpu, off_cpu. */
  mode?: string;
}

/** The newest schemaVersion that this plugin knows. */
export const schemaVersion = 1;

/** A further cluster behind the data source. */
export interface ClusterSettings {
  name: string;
  url: string;
  /** The address at which a browser reaches Flink's UI, for links; by default the url. */
  webUrl?: string;
}

/** The bounds of the built-in history. */
export interface HistorySettings {
  retention?: string;
  maxMemoryMiB?: number;
  idleAfter?: string;
}

/** An API of Prometheus' that scrapes Flink's reporter. */
export interface PrometheusSettings {
  url?: string;
  user?: string;
  tenant?: string;
  /** Whether the secret prometheusTlsCACert is trusted, and whether prometheusTlsClientCert is shown. */
  tlsAuthWithCACert?: boolean;
  tlsAuth?: boolean;
  tlsSkipVerify?: boolean;
  serverName?: string;
}

/** The keys of jsonData that are ours; what is absent has the backend's default. */
export interface FlinkSettings extends DataSourceJsonData {
  url?: string;
  clusterName?: string;
  /** The address at which a browser reaches Flink's UI, for links; by default the url. */
  webUrl?: string;
  clusters?: ClusterSettings[];
  timeoutSeconds?: number;
  maxConcurrency?: number;
  maxAge?: string;
  history?: HistorySettings;
  prometheus?: PrometheusSettings;
  oauthPassThru?: boolean;
}

/** The keys of secureJsonData, besides those of Grafana's standard ways in. */
export interface FlinkSecrets {
  bearerToken?: string;
  prometheusPassword?: string;
  prometheusBearerToken?: string;
  prometheusTlsCACert?: string;
  prometheusTlsClientCert?: string;
  prometheusTlsClientKey?: string;
}

/** Lists that the backend can name things from. */
export type Listing = 'clusters' | 'jobs' | 'tasks' | 'subtasks' | 'taskmanagers' | 'hosts';

/** What the backend answers when it lists names. */
export interface Names {
  names: string[];
  notices?: string[];
}

/** Lists the names that there were in a time range, among what a query has chosen so far. */
export interface Lister {
  names(list: Listing, chosen: Pick<FlinkQuery, 'clusters' | 'jobs'>, range?: TimeRange): Promise<Names>;
}
