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

for (const [width, height] of [[1280, 720], [1920, 1080]] as const) {
  test(`all query types are in view at ${width} × ${height}, below their headings, each with its panel`, async ({ page, visit }) => {
    await page.setViewportSize({ width, height });
    await visit(editing({ schemaVersion: 1, queryType: 'bottlenecks' }));
    await field(page, 'Query type').click();
    for (const heading of ['Diagnose', 'Over time', 'Alerts and stats']) {
      await expect(page.getByText(heading, { exact: true })).toBeInViewport({ ratio: 1 });
    }
    await expect(options(page)).toHaveCount(14);
    for (const each of await options(page).all()) {
      await expect(each).toBeInViewport({ ratio: 1 });
    }
    await expect(options(page).filter({ hasText: 'Job graph' })).toContainText('Node graph');
    await expect(options(page).filter({ hasText: 'Timeline' })).toContainText('State timeline');
  });
}

test('a menu near the end of the page opens upwards', async ({ page, visit }) => {
  await visit(editing({ schemaVersion: 1, queryType: 'bottlenecks' }));
  await page.addStyleTag({ content: 'h1 { margin-top: 700px }' });
  await field(page, 'Query type').click();
  for (const each of await options(page).all()) {
    await expect(each).toBeInViewport({ ratio: 1 });
  }
});

test('a new panel queries a history, Explore bottlenecks, a new alert rule a measure', async ({ page, visit }) => {
  await visit('/query');
  expect(await query(page)).toMatchObject({ schemaVersion: 1, queryType: 'history', measure: 'bottleneck', by: 'job' });
  await visit('/query?app=explore');
  expect(await query(page)).toMatchObject({ schemaVersion: 1, queryType: 'bottlenecks' });
  await visit('/query?app=unified-alerting');
  expect(await query(page)).toMatchObject({ schemaVersion: 1, queryType: 'measure', measure: 'bottleneck', by: 'job' });
  await field(page, 'Query type').click();
  await expect(options(page)).toHaveCount(2); // history is the other
});

for (const [queryType, label, text, want] of [
  ['history', 'Legend', '{{job}} now', { legend: '{{job}} now' }],
  ['measure', 'Legend', '{{task}}', { legend: '{{task}}' }],
  ['flameGraph', 'Subtask', '3', { subtask: '3' }],
  ['scaling', 'What if', 'sink = 8', { parallelism: { sink: 8 } }],
] as const) {
  test(`${label} of ${queryType} is typed`, async ({ page, visit }) => {
    await visit(editing({ schemaVersion: 1, queryType }));
    await page.getByRole('textbox', { name: new RegExp(`^${label}`) }).fill(text);
    await page.keyboard.press('Enter');
    expect(await query(page)).toMatchObject(want);
  });
}

for (const [queryType, label, name, want] of [
  ['flameGraph', 'Threads', 'On-CPU', { mode: 'on_cpu' }],
  ['timeline', 'One series per', 'Job', { by: 'job' }],
  ['history', 'One series per', 'TaskManager', { by: 'taskmanager' }],
  ['measure', 'Job types', 'Streaming', { types: ['STREAMING'] }],
] as const) {
  test(`${label} of ${queryType} is chosen`, async ({ page, visit }) => {
    await visit(editing({ schemaVersion: 1, queryType }));
    await field(page, label).click();
    await option(page, name).click();
    expect(await query(page)).toMatchObject(want);
  });
}
