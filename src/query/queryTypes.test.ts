import backendKinds from '../../pkg/query/testdata/kinds.json';
import registry from '../../pkg/query/testdata/registry.json';
import type { FlinkQuery } from '../types';
import { annotationQuery, changed, detailOf, initialQuery, jobTypeOf, kinds, measures, offered, seriesOf, takes, typeless } from './queryTypes';

const full: FlinkQuery = {
  refId: 'A', hide: true, schemaVersion: 1, queryType: 'subtasks', detail: true, parallelism: { sink: 4 },
  clusters: ['east'], jobs: ['orders'], tasks: ['sink'], types: ['STREAMING'], measure: 'busy', by: 'subtask', variable: 'tasks', subtask: 3, mode: 'on_cpu', legend: '{{job}}',
};

describe('a query keeps only the keys that it takes', () => {
  test.each<[string, Partial<FlinkQuery>, string[]]>([
    ['bottlenecks', { queryType: 'bottlenecks' }, ['clusters', 'jobs', 'tasks']],
    ['nodeGraph', { queryType: 'nodeGraph' }, ['clusters', 'jobs', 'tasks']],
    ['subtasks', { queryType: 'subtasks' }, ['clusters', 'jobs', 'tasks', 'detail']],
    ['tasks', { queryType: 'tasks' }, ['clusters', 'jobs', 'tasks']],
    ['taskmanagers', { queryType: 'taskmanagers' }, ['clusters', 'jobs', 'tasks']],
    ['flameGraph', { queryType: 'flameGraph' }, ['clusters', 'jobs', 'tasks', 'subtask', 'mode']],
    ['jobs', { queryType: 'jobs' }, ['clusters', 'jobs', 'detail']],
    ['measure', { queryType: 'measure' }, ['clusters', 'jobs', 'tasks', 'types', 'measure', 'by', 'legend']],
    ['history', { queryType: 'history' }, ['clusters', 'jobs', 'tasks', 'types', 'measure', 'by', 'legend']],
    ['history of jobs alone', { queryType: 'history', measure: 'running', by: 'job' }, ['clusters', 'jobs', 'measure', 'by', 'legend']],
    ['scaling', { queryType: 'scaling' }, ['clusters', 'jobs', 'tasks', 'parallelism']],
    ['timeline', { queryType: 'timeline', by: 'job' }, ['clusters', 'jobs', 'tasks', 'by']],
    ['checkpoints', { queryType: 'checkpoints' }, ['clusters', 'jobs']],
    ['exceptions', { queryType: 'exceptions' }, ['clusters', 'jobs']],
    ['events', { queryType: 'events' }, ['clusters', 'jobs', 'tasks']],
    ['measure of jobs alone', { queryType: 'measure', measure: 'restarts', by: 'job' }, ['clusters', 'jobs', 'measure', 'by', 'legend']],
    ['measure of clusters', { queryType: 'measure', measure: 'up', by: 'cluster' }, ['clusters', 'measure', 'by', 'legend']],
    ['names of clusters', { queryType: 'variable', variable: 'clusters' }, ['variable']],
    ['names of jobs', { queryType: 'variable', variable: 'jobs' }, ['clusters', 'variable']],
    ['names of tasks', { queryType: 'variable', variable: 'tasks' }, ['clusters', 'jobs', 'variable']],
    ['names of subtasks', { queryType: 'variable', variable: 'subtasks' }, ['clusters', 'jobs', 'tasks', 'variable']],
    ['names of hosts', { queryType: 'variable', variable: 'hosts' }, ['clusters', 'jobs', 'tasks', 'variable']],
    ['names of TaskManagers', { queryType: 'variable', variable: 'taskmanagers' }, ['clusters', 'variable']],
  ])('%s', (_, change, keys) => {
    const { refId, hide, schemaVersion, queryType, ...rest } = changed(full, change);
    expect({ refId, hide, schemaVersion, queryType }).toEqual({ refId: 'A', hide: true, schemaVersion: 1, queryType: change.queryType });
    expect(Object.keys(rest).sort()).toEqual([...keys].sort());
  });
});

test('a measure that has no series by what was chosen falls back to its default', () => {
  expect(changed({ ...full, queryType: 'measure', by: 'task' }, { measure: 'running' }).by).toBeUndefined();
  expect(changed({ ...full, queryType: 'measure', by: 'task' }, { measure: 'idle' }).by).toBe('task');
});

test('a measure stays where one changes from now to its history', () => {
  for (const { value, by } of measures) {
    expect(changed({ ...full, queryType: 'measure', measure: value, by: by[0] }, { queryType: 'history' })).toMatchObject({ measure: value, by: by[0] });
  }
});

test.each([
  [undefined, 'all'],
  [[], 'all'],
  [['STREAMING'], 'STREAMING'],
  [['batch'], 'BATCH'],
  ['STREAMING', 'STREAMING'],
  [['STREAMING', 'BATCH'], 'all'],
])('job types %j are shown as %s', (types, want) => {
  expect(jobTypeOf(types)).toBe(want);
});

test('a change does not lower the schemaVersion, nor touch the query in place', () => {
  const query: FlinkQuery = { refId: 'A', schemaVersion: 7, queryType: 'jobs' };
  expect(changed(query, { jobs: ['orders'] }).schemaVersion).toBe(7);
  expect(query).toEqual({ refId: 'A', schemaVersion: 7, queryType: 'jobs' });
});

test('an unknown type takes nothing', () => {
  expect(takes({ refId: 'A', queryType: 'nonsense' }, 'jobs')).toBe(false);
});

test('an alert rule begins with a number, Explore with the verdict, a panel with its history', () => {
  expect(initialQuery('unified-alerting')).toMatchObject({ queryType: 'measure', measure: 'bottleneck', by: 'job' });
  expect(initialQuery('explore')).toEqual({ schemaVersion: 1, queryType: 'bottlenecks' });
  for (const app of ['panel-editor', 'dashboard', undefined] as const) {
    expect(initialQuery(app)).toEqual({ schemaVersion: 1, queryType: 'history', measure: 'bottleneck', by: 'job' });
  }
});

test('a saved query without a type is what the backend takes it for', () => {
  expect(typeless()).toEqual({ schemaVersion: 1, queryType: 'bottlenecks' });
  expect(typeless('unified-alerting')).toMatchObject({ queryType: 'measure', types: ['STREAMING'] });
});

test('a query type that takes details names them, and no other does', () => {
  for (const { value } of offered()) {
    expect(detailOf({ refId: 'A', queryType: value }) !== undefined).toBe(takes({ refId: 'A', queryType: value }, 'detail'));
  }
});

test('every query type that is offered stands below a heading, and says which panel fits', () => {
  expect([...new Set(offered().map(({ group }) => group))]).toEqual(['Diagnose', 'Over time', 'Alerts and stats']);
  expect(offered().filter(({ panel }) => !panel)).toEqual([]);
});

test('there is a series per what the measure has, and in a timeline per task or job', () => {
  expect(seriesOf({ ...full, queryType: 'timeline' })).toEqual(['task', 'job']);
  expect(seriesOf({ ...full, queryType: 'history', measure: 'busy' })).toEqual(['job', 'task', 'subtask', 'taskmanager']);
  expect(seriesOf({ ...full, queryType: 'tasks' })).toEqual([]);
  expect(changed({ ...full, queryType: 'history', by: 'subtask' }, { queryType: 'timeline' }).by).toBeUndefined();
});

test('an alert rule is offered numbers alone, a panel all but the names', () => {
  expect(offered('unified-alerting').map(({ value }) => value)).toEqual(['history', 'measure']);
  expect(offered().map(({ value }) => value)).not.toContain('variable');
});

test('the measures are those of the backend’s registry, with the same series, the default first', () => {
  expect(measures.map(({ value, by }) => ({ name: value, by }))).toEqual(registry);
});

test('the kinds are those of the backend, in its order', () => {
  expect(kinds).toEqual(backendKinds);
});

test.each<[string, FlinkQuery | undefined, FlinkQuery]>([
  ['none', undefined, { refId: 'Anno', schemaVersion: 1, queryType: 'events' }],
  ['one that was not edited', { refId: 'A', jobs: ['orders'] }, { refId: 'A', schemaVersion: 1, queryType: 'events', jobs: ['orders'] }],
  ['a table with a time', { refId: 'A', queryType: 'exceptions' }, { refId: 'A', queryType: 'exceptions' }],
])('an annotation of %s', (_, target, want) => {
  expect(annotationQuery(target)).toEqual(want);
});
