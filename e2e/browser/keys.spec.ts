import { editing, field, option, options, query } from './editor';
import { expect, test } from './fixtures';

/** Every key that some query type takes. */
const full = {
  schemaVersion: 1, queryType: 'measure', clusters: ['default'], jobs: ['skew'], tasks: ['sink'], measure: 'busy', by: 'task',
};

const kept: Record<string, string[]> = {
  Bottlenecks: ['clusters', 'jobs', 'tasks'],
  'Job graph': ['clusters', 'jobs', 'tasks'],
  Subtasks: ['clusters', 'jobs', 'tasks'],
  Tasks: ['clusters', 'jobs', 'tasks'],
  Jobs: ['clusters', 'jobs'],
};

const common = ['datasource', 'queryType', 'refId', 'schemaVersion'];

test('a query keeps only the keys that its type takes', async ({ page, visit }) => {
  for (const [label, keys] of Object.entries(kept)) {
    await visit(editing(full));
    await field(page, 'Query type').click();
    await option(page, label).click();
    expect(Object.keys(await query(page)).sort()).toEqual([...common, ...keys].sort());
  }
});

test('a measure keeps only the grouping that it has', async ({ page, visit }) => {
  await visit(editing(full));
  await field(page, 'Measure').click();
  await option(page, 'Running').click();
  expect(await query(page)).toEqual(expect.not.objectContaining({ by: 'task', tasks: ['sink'] }));
  await field(page, 'Measure').click();
  await option(page, 'Up').click();
  expect(Object.keys(await query(page)).sort()).toEqual([...common, 'clusters', 'measure'].sort());
});

test('keys that the editor does not know are kept', async ({ page, visit }) => {
  await visit(editing({ schemaVersion: 1, queryType: 'tasks', hide: false, window: '10s' }));
  await field(page, 'Query type').click();
  await option(page, 'Subtasks').click();
  expect(await query(page)).toMatchObject({ queryType: 'subtasks', hide: false, window: '10s' });
});

test('a new panel queries bottlenecks, a new alert rule a measure', async ({ page, visit }) => {
  await visit('/query');
  expect(await query(page)).toMatchObject({ schemaVersion: 1, queryType: 'bottlenecks' });
  await visit('/query?app=unified-alerting');
  expect(await query(page)).toMatchObject({ schemaVersion: 1, queryType: 'measure', measure: 'bottleneck', by: 'job' });
  await field(page, 'Query type').click();
  await expect(options(page)).toHaveCount(2); // history is the other
});
