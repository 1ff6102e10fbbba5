import { editing, field, option, query, type } from './editor';
import { expect, test } from './fixtures';

const tasks = { schemaVersion: 1, queryType: 'tasks' };

test.beforeEach(async ({ addresses, configure, faults }) => {
  await configure({ jsonData: { url: addresses.away } });
  faults.expect(/\/resources\/|api\/ds\/query/);
});

test('while Flink is away names can be typed, with the reason that none are listed', async ({ page, visit }) => {
  await visit(editing(tasks));
  await field(page, 'Jobs').click();
  await expect(page.getByText('connection refused').first()).toBeVisible();
  await expect(page.getByText('Names can still be typed.').first()).toBeVisible();
  await expect(option(page, '$job')).toBeVisible();
  await type(page, 'Jobs', 'orders');
  await type(page, 'Tasks', '/sink/');
  expect(await query(page)).toMatchObject({ jobs: ['orders'], tasks: ['/sink/'] });
  // The editor shows it: a toast would repeat it at each menu.
  await expect(page.getByRole('log', { name: 'Toasts' })).toHaveCount(0);
});

test('while Flink is away the answer is a sentence', async ({ page, visit }) => {
  await visit(editing(tasks));
  await page.getByRole('button', { name: 'Run queries' }).click();
  await expect(page.getByRole('alert')).toContainText('connection refused');
});

test('when Flink is back the menu lists what it has', async ({ addresses, configure, page, visit }) => {
  await visit(editing(tasks));
  await field(page, 'Jobs').click();
  await expect(page.getByText('connection refused').first()).toBeVisible();
  await page.keyboard.press('Escape');
  await configure({ jsonData: { url: addresses.normal } });
  await field(page, 'Jobs').click();
  await expect(option(page, 'skew')).toBeVisible();
  await expect(page.getByText('connection refused')).toHaveCount(0);
});

test('while Flink hangs the editor does not', async ({ addresses, configure, page, visit }) => {
  await configure({ jsonData: { url: addresses.slow, timeoutSeconds: 600 } });
  await visit(editing(tasks));
  await field(page, 'Jobs').click();
  await type(page, 'Jobs', 'orders');
  await field(page, 'Query type').click();
  await option(page, 'Jobs').click();
  expect(await query(page)).toMatchObject({ queryType: 'jobs', jobs: ['orders'] });
});
