import { choose, editing, field, fields, option, query, type } from './editor';
import { expect, test } from './fixtures';

const subtasks = { schemaVersion: 1, queryType: 'subtasks' };

test('the menus list what Flink has, tasks of the chosen jobs alone', async ({ page, visit }) => {
  await visit(editing(subtasks));
  await field(page, 'Jobs').click();
  for (const job of ['bottleneck', 'healthy', 'skew', 'two-sources', '$job']) {
    await expect(option(page, job)).toBeVisible();
  }
  await option(page, 'skew').click();
  await page.keyboard.press('Escape');
  await field(page, 'Tasks').click();
  await expect(option(page, 'aggregate')).toBeVisible();
  await expect(option(page, 'slow-window')).toHaveCount(0);
});

test('what is typed narrows the menu down', async ({ page, visit }) => {
  await visit(editing(subtasks));
  await field(page, 'Jobs').click();
  await expect(option(page, 'skew')).toBeVisible();
  await page.keyboard.type('SOUR');
  await expect(option(page, 'two-sources')).toBeVisible();
  await expect(option(page, 'skew')).toHaveCount(0);
});

test('a regular expression and a variable are typed, and reach the backend as they should', async ({ page, visit }) => {
  await visit(editing(subtasks));
  await type(page, 'Jobs', '/^bott/');
  await type(page, 'Jobs', '$job');
  await type(page, 'Tasks', '${task}');
  await type(page, 'Clusters', '[[cluster]]');
  expect(await query(page)).toMatchObject({ jobs: ['/^bott/', '$job'], tasks: ['${task}'], clusters: ['[[cluster]]'] });
  const request = page.waitForRequest(/api\/ds\/query/);
  await page.getByRole('button', { name: 'Run queries' }).click();
  expect((await request).postDataJSON().queries).toMatchObject([
    { jobs: ['/^bott/', 'bottleneck', 'skew'], tasks: ['$__all'], clusters: ['default'] },
  ]);
  const [names] = await fields(page);
  expect(names).toEqual(expect.arrayContaining(['cluster', 'job', 'subtask']));
  await expect(page.getByRole('region', { name: 'Frame' })).not.toContainText('healthy');
});

test('a wrong expression is marked as it is typed, and a right one said to match anywhere', async ({ page, visit }) => {
  await visit(editing(subtasks));
  await field(page, 'Jobs').fill('/(orders');
  await expect(page.getByText('bracket is open')).toHaveCount(0); // it may go on
  await field(page, 'Jobs').fill('/(orders/');
  await expect(page.getByRole('alert').filter({ hasText: 'a bracket is open' })).toBeVisible();
  await expect(page.getByText('An expression matches anywhere in a name')).toBeVisible();
  await field(page, 'Jobs').fill('/(orders)/');
  await expect(page.getByText('bracket is open')).toHaveCount(0);
  await expect(page.getByText('Regular expression, anywhere in the name: /(orders)/')).toBeVisible();
});

test('names are those of the dashboard’s time range', async ({ page, visit }) => {
  const [from, to] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1, 6)];
  await visit(editing(subtasks, `?from=${from}&to=${to}`));
  const asked = page.waitForRequest(/\/resources\/jobs/);
  await field(page, 'Jobs').click();
  const { searchParams } = new URL((await asked).url());
  expect([searchParams.get('from'), searchParams.get('to')]).toEqual([String(from), String(to)]);
  await expect(page.getByText('the history has nothing of its end').first()).toBeVisible();
  await visit(editing(subtasks)); // a range that goes on
  const again = page.waitForRequest(/\/resources\/jobs/);
  await field(page, 'Jobs').click();
  expect(new URL((await again).url()).searchParams.has('to')).toBe(false);
});

test('a name that nothing has is answered by a sentence, and taken out again', async ({ faults, page, visit }) => {
  faults.expect(/api\/ds\/query/);
  await visit(editing(subtasks));
  await type(page, 'Jobs', 'nobody');
  await expect(page.getByRole('alert')).toContainText('nobody');
  await page.getByRole('button', { name: 'Remove' }).click();
  expect((await query(page)).jobs).toEqual([]);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('odd names are listed, chosen and answered for', async ({ page, visit }) => {
  await visit(editing(subtasks));
  const odd = `Zahlungen "EU/DE" – 支払い <b>&amp;</b> 100% \\ 'x' #1?a=b`;
  await choose(page, 'Jobs', odd);
  expect(await query(page)).toMatchObject({ jobs: [odd] });
  await fields(page);
  await expect(page.getByRole('region', { name: 'Frame' })).toContainText('100%');
});

test('details are wanted by a switch', async ({ page, visit }) => {
  await visit(editing({ ...subtasks, jobs: ['skew'] }));
  await page.getByLabel(/^Buffers and soft.hard backpressure/).press('Space');
  expect(await query(page)).toMatchObject({ detail: true });
  expect((await fields(page))[0]).toEqual(expect.arrayContaining(['hard_backpressured', 'in_pool_usage']));
});

test('the course of severity and the restarts of jobs are wanted by a switch', async ({ page, visit }) => {
  await visit(editing({ schemaVersion: 1, queryType: 'jobs', jobs: ['skew'] }));
  await page.getByLabel('Course of severity, and restarts').press('Space');
  expect(await query(page)).toMatchObject({ detail: true });
  expect((await fields(page))[0]).toEqual(expect.arrayContaining(['trend', 'restarts']));
});
