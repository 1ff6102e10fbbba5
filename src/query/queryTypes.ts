import { type CoreApp } from '@grafana/data';

import { type FlinkQuery, schemaVersion } from '../types';
import { names } from './interpolate';

/** A key that a query may have besides its type. */
export type Key = 'clusters' | 'jobs' | 'tasks' | 'types' | 'measure' | 'by' | 'legend' | 'detail' | 'parallelism' | 'variable' | 'subtask' | 'mode';

/** A choice in a menu, with a line of help. */
export interface Choice {
  value: string;
  label: string;
  description: string;
  /** The panel that fits, where it matters. */
  panel?: string;
  /** The heading below which it stands. */
  group?: string;
}

/** A query type, the panel that fits its answer, and the keys that it takes. */
export interface QueryType extends Choice {
  keys: Key[];
}

/** A measure and what it has a series for, the default first. */
export interface Measure extends Choice {
  by: string[];
}

const load: Key[] = ['clusters', 'jobs', 'tasks'];

const table = { panel: 'Table' };
const diagnose = { group: 'Diagnose' };
const overTime = { group: 'Over time' };
const numbers = { group: 'Alerts and stats' };

/** The query types, in the order in which one looks into a problem. */
export const queryTypes: QueryType[] = [
  { value: 'bottlenecks', label: 'Bottlenecks', description: 'The tasks that hold jobs back, why, and what to do', ...table, ...diagnose, keys: load },
  { value: 'nodeGraph', label: 'Job graph', description: 'Tasks and their inputs in Flink’s colours', panel: 'Node graph', ...diagnose, keys: load },
  { value: 'tasks', label: 'Tasks', description: 'A row a task: busy, backpressured and idle shares, records per second, skew', ...table, ...diagnose, keys: load },
  { value: 'subtasks', label: 'Subtasks', description: 'A row a subtask: where it runs, and how it spends its time', ...table, ...diagnose, keys: [...load, 'detail'] },
  { value: 'taskmanagers', label: 'TaskManagers', description: 'A row a TaskManager: how busy its subtasks are, slots, CPU, memory', ...table, ...diagnose, keys: load },
  { value: 'flameGraph', label: 'Flame graph', description: 'Where the threads of one task spend their time', panel: 'Flame graph', ...diagnose, keys: [...load, 'subtask', 'mode'] },
  { value: 'scaling', label: 'Scaling', description: 'The parallelism that tasks need, and what if they had another', ...table, ...diagnose, keys: [...load, 'parallelism'] },
  { value: 'jobs', label: 'Jobs', description: 'A row a job: its state, its worst task, its bottleneck', ...table, ...diagnose, keys: ['clusters', 'jobs', 'detail'] },
  { value: 'history', label: 'History', description: 'A measure over time, for graphs and alert rules', panel: 'Time series', ...overTime, keys: [...load, 'types', 'measure', 'by', 'legend'] },
  { value: 'timeline', label: 'Timeline', description: 'The status of tasks or jobs over time', panel: 'State timeline', ...overTime, keys: [...load, 'by'] },
  { value: 'checkpoints', label: 'Checkpoints', description: 'A row a checkpoint: how long it took, and where', ...table, ...overTime, keys: ['clusters', 'jobs'] },
  { value: 'exceptions', label: 'Exceptions', description: 'A row an exception, restart or rescaling: where it was, and what', ...table, ...overTime, keys: ['clusters', 'jobs'] },
  { value: 'events', label: 'Events', description: 'Restarts, rescalings, moves of the bottleneck, failed and slow checkpoints, exceptions', panel: 'Annotations, table', ...overTime, keys: load },
  { value: 'measure', label: 'Measure', description: 'One number a series, of now', panel: 'Stat, alert rule', ...numbers, keys: [...load, 'types', 'measure', 'by', 'legend'] },
  { value: 'variable', label: 'Names', description: 'Names to choose from, as a dashboard variable lists them', keys: [...load, 'variable'] },
];

const loadBy = ['job', 'task', 'subtask', 'taskmanager'];

/** The measures of the query types measure and history, as the backend registers them. */
export const measures: Measure[] = [
  { value: 'bottleneck', label: 'Bottleneck', description: 'Severity of the root cause, 0 to 1; 0 where nothing holds the job back', by: loadBy },
  { value: 'status', label: 'Status', description: '4 bottleneck, 3 backpressured, 2 busy, 1 mixed, 0 idle', by: loadBy },
  { value: 'busy', label: 'Busy', description: 'Share of time busy, 0 to 1, of the busiest subtask', by: loadBy },
  { value: 'backpressured', label: 'Backpressured', description: 'Share of time backpressured, 0 to 1, of the worst subtask', by: loadBy },
  { value: 'idle', label: 'Idle', description: 'Share of time idle, 0 to 1, of the least idle subtask', by: loadBy },
  { value: 'skew', label: 'Skew', description: 'How unevenly records are spread over the subtasks, 0 to 1', by: loadBy },
  { value: 'records_in', label: 'Records in', description: 'Records per second that it reads; of a job, that its sources send', by: loadBy },
  { value: 'records_out', label: 'Records out', description: 'Records per second that it sends; of a job, that reach its last tasks', by: loadBy },
  { value: 'watermark_lag', label: 'Watermark lag', description: 'Seconds by which the lowest watermark is behind the clock', by: ['job', 'task'] },
  { value: 'pending_records', label: 'Pending records', description: 'Records that a source has not read yet, where its connector reports it', by: ['job', 'task'] },
  { value: 'blame', label: 'Blame', description: 'Share of the time range in which the task was the bottleneck, 0 to 1', by: loadBy },
  { value: 'kind', label: 'Kind', description: '1 capacity, 2 skew, 3 machine, 4 source, 5 network, 6 unmeasured, 7 alternating; 0 where nothing holds the job back', by: loadBy },
  { value: 'running', label: 'Running', description: '1 while the job and all its tasks run, else 0', by: ['job'] },
  { value: 'restarts', label: 'Restarts', description: 'Number of restarts since the job started', by: ['job'] },
  { value: 'checkpoint_age', label: 'Checkpoint age', description: 'Seconds since the last checkpoint was completed', by: ['job'] },
  { value: 'checkpoint_intervals', label: 'Checkpoint age in intervals', description: 'The age of the last checkpoint by the interval at which they are triggered', by: ['job'] },
  { value: 'checkpoint_duration', label: 'Checkpoint duration', description: 'Seconds that the last completed checkpoint took', by: ['job'] },
  { value: 'checkpoint_failures', label: 'Checkpoint failures', description: 'Number of failed checkpoints since the job started', by: ['job'] },
  { value: 'up', label: 'Up', description: '1 when the cluster’s REST API answered, else 0', by: ['cluster'] },
];

/** Why a task holds a job back, as the backend registers it. */
export const kinds = ['capacity', 'skew', 'machine', 'network', 'source', 'alternating', 'unmeasured', 'none', 'unknown'];

/** Which threads a flame graph is of, the default first. */
export const modes: Choice[] = [
  { value: 'full', label: 'All threads', description: 'Whether they run or wait' },
  { value: 'on_cpu', label: 'On-CPU', description: 'Threads that run' },
  { value: 'off_cpu', label: 'Off-CPU', description: 'Threads that wait or are blocked' },
];

/** What query type variable can list. */
export const variables: Choice[] = [
  { value: 'clusters', label: 'Clusters', description: 'Names of the clusters behind the data source' },
  { value: 'jobs', label: 'Jobs', description: 'Names of the jobs that have not ended' },
  { value: 'tasks', label: 'Tasks', description: 'Names of the tasks of the jobs chosen' },
  { value: 'subtasks', label: 'Subtasks', description: 'Indexes up to the highest parallelism of the tasks chosen' },
  { value: 'taskmanagers', label: 'TaskManagers', description: 'Ids of the TaskManagers of the clusters chosen' },
  { value: 'hosts', label: 'Hosts', description: 'Hosts that subtasks of the tasks chosen run on' },
];

/** The query types that one may choose there: in an alert rule only numbers. */
export const offered = (app?: CoreApp | `${CoreApp}`) =>
  queryTypes.filter(({ value }) => (alerting(app) ? value === 'measure' || value === 'history' : value !== 'variable'));

/** Whether one writes an alert rule. */
export const alerting = (app?: CoreApp | `${CoreApp}`) => app === 'unified-alerting';

/** What a query has in addition if it wants details, and what that costs. */
const details: Record<string, Pick<Choice, 'label' | 'description'>> = {
  subtasks: { label: 'Buffers and soft/hard backpressure', description: 'Costs one request or more a task' },
  jobs: { label: 'Course of severity, and restarts', description: 'Over the time range; costs one request a job' },
};

/** That of a query; nothing of one that has no details. */
export const detailOf = ({ queryType }: FlinkQuery) => details[queryType ?? ''];

/** What type of job a measure is about. */
export const jobTypes: Choice[] = [
  { value: 'all', label: 'All', description: 'Jobs of any type' },
  { value: 'STREAMING', label: 'Streaming', description: 'Leaves batch jobs out, which their slowest task may hold back' },
  { value: 'BATCH', label: 'Batch', description: 'Batch jobs alone' },
];

/** The choice that a query's types are, as it may have been saved. */
export function jobTypeOf(types: unknown): string {
  const named = names(types);
  return named.length === 1 ? String(named[0]).toUpperCase() : 'all';
}

/**
 * The query that a new panel, alert rule or row of Explore begins with: a panel is a
 * time series at first, Explore shows tables.
 */
export function initialQuery(app?: CoreApp | `${CoreApp}`): Partial<FlinkQuery> {
  if (alerting(app) || app === 'explore') {
    return typeless(app);
  }
  return { schemaVersion, queryType: 'history', measure: 'bottleneck', by: 'job' };
}

/** What the backend takes a saved query for that has no type. */
export function typeless(app?: CoreApp | `${CoreApp}`): Partial<FlinkQuery> {
  return alerting(app)
    ? { schemaVersion, queryType: 'measure', measure: 'bottleneck', by: 'job', types: ['STREAMING'] }
    : { schemaVersion, queryType: 'bottlenecks' };
}

/** The query that a new annotation begins with. */
export const initialAnnotation: Partial<FlinkQuery> = { schemaVersion, queryType: 'events' };

/** The query of an annotation, which may be one that nobody has edited. */
export const annotationQuery = (target?: FlinkQuery): FlinkQuery =>
  target?.queryType ? target : { refId: 'Anno', ...target, ...initialAnnotation };

/** The query that a new dashboard variable begins with. */
export const initialVariable: FlinkQuery = { refId: 'variable', schemaVersion, queryType: 'variable', variable: 'jobs' };

/** The query type of that name; undefined for one that this version does not know. */
export const queryType = (name?: string) => queryTypes.find(({ value }) => value === name);

/** The measure that a query names, or leaves to the default. */
export const measureOf = (query: FlinkQuery) => measures.find(({ value }) => value === (query.measure || 'bottleneck'));

/** What the answer has a series for, the default first; none where there is no choice. */
export function seriesOf(query: FlinkQuery): string[] {
  if (query.queryType === 'timeline') {
    return ['task', 'job'];
  }
  return takes(query, 'measure') ? (measureOf(query)?.by ?? []) : [];
}

/** What the lists narrow down: all jobs of a measure of clusters, say, none. */
function keysOf(query: FlinkQuery): Key[] {
  const keys = queryType(query.queryType)?.keys ?? [];
  const by = query.queryType === 'measure' || query.queryType === 'history' ? measureOf(query)?.by : undefined;
  const without: Key[] = by?.includes('cluster') ? ['jobs', 'tasks', 'types'] : by && !by.includes('task') ? ['tasks', 'types'] : listed(query);
  return keys.filter((key) => !without.includes(key));
}

/** The keys that a list of names has no use for. */
function listed({ queryType, variable }: FlinkQuery): Key[] {
  if (queryType !== 'variable') {
    return [];
  }
  const uses: Record<string, Key[]> = { tasks: ['clusters', 'jobs'], subtasks: ['clusters', 'jobs', 'tasks'], hosts: ['clusters', 'jobs', 'tasks'], jobs: ['clusters'], taskmanagers: ['clusters'] };
  return load.filter((key) => !(uses[variable ?? ''] ?? []).includes(key));
}

/** Whether a query of this type, measure and list takes the key. */
export const takes = (query: FlinkQuery, key: Key) => keysOf(query).includes(key);

/** Changes a query and drops the keys that it then has no use for. */
export function changed(query: FlinkQuery, change: Partial<FlinkQuery>): FlinkQuery {
  const next: FlinkQuery = { ...query, ...change, schemaVersion: Math.max(query.schemaVersion ?? 0, schemaVersion) };
  const series = seriesOf(next);
  if (next.by && series.length > 0 && !series.includes(next.by)) {
    delete next.by;
  }
  const keys: Key[] = [...load, 'types', 'measure', 'by', 'legend', 'detail', 'parallelism', 'variable', 'subtask', 'mode'];
  for (const key of keys.filter((key) => !takes(next, key))) {
    delete next[key];
  }
  return next;
}
