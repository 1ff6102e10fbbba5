import { type Page } from '@playwright/test';

import { editing, field, option, query, type Query, type } from './editor';
import { expect, test } from './fixtures';

const long = 'x'.repeat(10_000);

/** The page does what it should, whatever stands in it. */
async function usable(page: Page) {
  const width = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(width, 'pixels that stand out of the page').toBeLessThanOrEqual(0);
}

for (const label of ['Clusters', 'Jobs', 'Tasks']) {
  test(`${label} of nothing, spaces, emoji and 10,000 characters`, async ({ faults, page, visit }) => {
    faults.expect(/api\/ds\/query|\/resources\//);
    await visit(editing({ schemaVersion: 1, queryType: 'tasks' }));
    for (const blank of ['', '   ']) {
      await field(page, label).fill(blank);
      await page.keyboard.press('Escape');
      expect((await query(page))[label.toLowerCase()] ?? []).toEqual([]);
    }
    await type(page, label, '🐿️ flink');
    await type(page, label, long);
    await type(page, label, '/(/');
    expect(await query(page)).toMatchObject({ [label.toLowerCase()]: ['🐿️ flink', long, '/(/'] });
    await page.getByRole('button', { name: 'Run queries' }).click();
    const alert = page.getByRole('region', { name: 'Answer' }).getByRole('alert');
    await expect(alert).toBeVisible();
    expect((await alert.innerText()).length).toBeLessThan(1000);
    await usable(page);
  });
}

const saved: Array<{ name: string; query: Query; text: string }> = [
  { name: 'an unknown type', query: { schemaVersion: 1, queryType: 'icicles', jobs: ['skew'], vertex: 7 }, text: 'icicles' },
  { name: 'a type of 10,000 characters', query: { schemaVersion: 1, queryType: long }, text: 'does not know' },
  { name: 'a type that is no text', query: { schemaVersion: 1, queryType: { a: 1 } }, text: 'does not know' },
  { name: 'a newer schemaVersion', query: { schemaVersion: 99, queryType: 'tasks', jobs: { any: ['of'] } }, text: 'schemaVersion 99' },
];

for (const { name, query: before, text } of saved) {
  test(`a saved query of ${name} is kept as it was, with a sentence about it`, async ({ faults, page, visit }) => {
    faults.expect(/api\/ds\/query/);
    await visit(editing(before));
    const alert = page.getByRole('region', { name: 'Query A' }).getByRole('alert');
    await expect(alert).toContainText(text);
    await page.getByRole('button', { name: 'Run queries' }).click();
    await expect(page.getByRole('region', { name: 'Answer' }).getByRole('alert')).toBeVisible();
    expect(await query(page)).toMatchObject(before);
    await usable(page);
  });
}

test('a saved query with lists of wrong types can be edited', async ({ faults, page, visit }) => {
  faults.expect(/api\/ds\/query|\/resources\//);
  await visit(editing({ queryType: 'tasks', jobs: 'skew', tasks: [7, null], clusters: null, by: 3 }));
  await field(page, 'Jobs').click();
  await option(page, 'healthy').click();
  expect((await query(page)).jobs).toEqual(['skew', 'healthy']);
});

test('a newer query is replaced only on request', async ({ page, visit }) => {
  await visit(editing({ schemaVersion: 99, queryType: 'tasks', jobs: ['skew'] }));
  await page.getByRole('button', { name: 'Write a new query' }).click();
  expect(await query(page)).toMatchObject({ refId: 'A', schemaVersion: 1, queryType: 'history' });
  await expect(field(page, 'Jobs')).toBeVisible();
});

const names = ['/^etl-(a|b)$/', `<img src=x onerror="document.title='run'">`, 'x'.repeat(500)];

test('a job whose name is an expression, HTML or 500 characters is listed, chosen and answered for', async ({ addresses, configure, page, visit }) => {
  await configure({ jsonData: { url: addresses.odd } });
  await visit(editing({ schemaVersion: 1, queryType: 'bottlenecks' }));
  for (const name of names) {
    await field(page, 'Jobs').click();
    await option(page, name).click();
    await page.keyboard.press('Escape');
  }
  expect(await query(page)).toMatchObject({ jobs: names });
  await page.getByRole('button', { name: 'Run queries' }).click();
  const answer = page.getByRole('region', { name: 'Answer' });
  for (const name of names) {
    await expect(answer.getByRole('cell', { name, exact: true })).toHaveCount(1);
  }
  await expect(page).toHaveTitle('Flink Backpressure'); // nothing of a name has run
  await usable(page);
});

test('a variable that resolves to nothing is of all, and says so', async ({ page, visit }) => {
  await visit(editing({ schemaVersion: 1, queryType: 'jobs', jobs: ['$job'] }, '?var-job='));
  await page.getByRole('button', { name: 'Run queries' }).click();
  const answer = page.getByRole('region', { name: 'Answer' });
  await expect(answer).toContainText('as a variable without a value is');
  await expect(answer).toContainText('two-sources');
});

test('events over a year are those of a week, and say so', async ({ page, visit }) => {
  const to = Date.now();
  await visit(editing({ schemaVersion: 1, queryType: 'events' }, `?from=${to - 365 * 86_400_000}&to=${to}`));
  await page.getByRole('button', { name: 'Run queries' }).click();
  await expect(page.getByRole('region', { name: 'Answer' })).toContainText('Only the last 7 days');
});
