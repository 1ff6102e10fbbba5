import { type FlinkQuery } from '../types';
import { filtered, valuesOf } from './adhoc';

/** Of these jobs a list of names chooses some, by what docs/queries.md says of selectors. */
const jobs = ['orders', 'payments', 'etl-a', 'etl-b'];
const chosenBy = (texts: string[] = []) =>
  jobs.filter((job) => texts.length === 0 || texts.some((text) => text === job || (text.startsWith('/') && new RegExp(text.slice(1, -1)).test(job))));

test.each<[string[], Array<[string, string, ...string[]]>, string[]]>([
  [[], [['=', 'orders']], ['orders']],
  [[], [['=~', '^etl']], ['etl-a', 'etl-b']],
  [[], [['=|', '', 'orders', 'etl-a']], ['orders', 'etl-a']],
  [['$__all'], [['=', 'orders']], ['orders']],
  [[''], [['=', 'orders']], ['orders']],
  [['orders', 'etl-a'], [['=', 'orders']], ['orders']],
  [['payments'], [['=', 'orders']], []],
  [['/^etl/'], [['=', 'etl-b']], ['etl-b']],
  [['/^etl/'], [['=', 'orders']], []],
  [['/(?i)^ETL/'], [['=', 'etl-b']], ['etl-b']],
  [['orders', 'etl-a'], [['=~', 'etl']], ['etl-a']],
  [['orders', 'payments'], [['=|', '', 'orders', 'etl-a']], ['orders']],
  [[], [['=', 'orders'], ['=', 'payments']], []],
  [[], [['=|', '', 'orders', 'etl-a'], ['=~', 'etl']], ['etl-a']],
])('jobs %j and the filters %j choose %j', (list, filters, want) => {
  const query: FlinkQuery = { refId: 'A', queryType: 'tasks', jobs: list };
  const each = filters.map(([operator, value, ...values]) => ({ key: 'job', operator, value, values }));
  expect(chosenBy(filtered(query, each).jobs)).toEqual(want);
  expect(query.jobs).toBe(list);
});

test('clusters, jobs and tasks are filtered, each in its own list', () => {
  const filters = [{ key: 'cluster', operator: '=', value: 'east' }, { key: 'job', operator: '=', value: 'orders' }, { key: 'task', operator: '=', value: 'sink' }];
  expect(filtered({ refId: 'A', queryType: 'tasks' }, filters)).toMatchObject({ clusters: ['east'], jobs: ['orders'], tasks: ['sink'] });
  expect(filtered({ refId: 'A', queryType: 'variable', variable: 'jobs' }, filters)).toEqual({ refId: 'A', queryType: 'variable', variable: 'jobs', clusters: ['east'] });
});

test('hosts and kinds are sent whatever the type is: the backend says where they have no effect', () => {
  const filters = [{ key: 'host', operator: '=', value: 'host-2' }, { key: 'kind', operator: '=|', value: '', values: ['skew', 'machine'] }];
  for (const queryType of ['bottlenecks', 'tasks', 'measure']) {
    expect(filtered({ refId: 'A', queryType }, filters)).toEqual({ refId: 'A', queryType, hosts: ['host-2'], kinds: ['skew', 'machine'] });
  }
});

test('a filter that is not about names of ours changes nothing', () => {
  const query: FlinkQuery = { refId: 'A', queryType: 'tasks', jobs: ['orders'] };
  expect(filtered(query, [{ key: 'region', operator: '=', value: 'eu' }])).toEqual(query);
  expect(filtered(query)).toEqual(query);
});

test.each<[string[], string, string]>([
  [[], '!=', 'use =, =| or =~'],
  [[], '!~', 'use =, =| or =~'],
  [[], '>', 'use =, =| or =~'],
  [['/etl/'], '=~', 'use = or =|'],
])('jobs %j and a filter with %s is a sentence on what to do', (list, operator, text) => {
  expect(() => filtered({ refId: 'A', queryType: 'tasks', jobs: list }, [{ key: 'job', operator, value: 'orders' }])).toThrow(text);
});

test('the values of a filter are among what the others chose', () => {
  const others = [{ key: 'cluster', operator: '=', value: 'east' }, { key: 'job', operator: '=', value: 'orders' }, { key: 'job', operator: '!=', value: 'x' }];
  expect(valuesOf('task', others)).toEqual({ list: 'tasks', chosen: { clusters: ['east'], jobs: ['orders'] } });
  expect(valuesOf('job', others)).toEqual({ list: 'jobs', chosen: { clusters: ['east'], jobs: [] } });
  expect(valuesOf('cluster', others)).toEqual({ list: 'clusters', chosen: { clusters: [], jobs: [] } });
  expect(valuesOf('host', others)).toEqual({ list: 'hosts', chosen: { clusters: ['east'], jobs: ['orders'] } });
  expect(valuesOf('kind', others)).toMatchObject({ names: expect.arrayContaining(['capacity', 'skew']) });
  expect(valuesOf('region')).toEqual({ names: [] });
});
