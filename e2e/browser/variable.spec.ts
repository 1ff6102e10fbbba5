import { type Page } from '@playwright/test';

import { choose, field, option, query, type } from './editor';
import { expect, test } from './fixtures';

/** The address of the variable's editor with that query. */
const variable = (query: object, search = '') => `/variable${search}#${encodeURIComponent(JSON.stringify({ schemaVersion: 1, queryType: 'variable', ...query }))}`;

/** The values that the variable then has. */
async function values(page: Page): Promise<string[]> {
  await page.getByRole('button', { name: 'Preview values' }).click();
  const preview = page.getByRole('region', { name: 'Preview of values' });
  await expect(preview.getByRole('status')).toHaveText(/values/);
  return preview.getByRole('listitem').allInnerTexts();
}

test('a new variable lists the jobs', async ({ page, visit }) => {
  await visit('/variable');
  expect(await query(page)).toMatchObject({ schemaVersion: 1, queryType: 'variable', variable: 'jobs' });
  expect(await values(page)).toEqual(expect.arrayContaining(['bottleneck', 'healthy', 'skew', 'two-sources']));
});

const lists: Record<string, string[]> = {
  Clusters: ['default'],
  Jobs: ['healthy'],
  Tasks: ['slow-window', 'Source: orders'],
  Subtasks: ['0', '3'],
  TaskManagers: ['tm-1', 'tm-2'],
  Hosts: ['host-1', 'host-2'],
};

for (const [label, some] of Object.entries(lists)) {
  test(`${label} are listed`, async ({ page, visit }) => {
    await visit('/variable');
    await field(page, 'List').click();
    await option(page, label).click();
    expect(await query(page)).toMatchObject({ queryType: 'variable', variable: label.toLowerCase() });
    expect(await values(page)).toEqual(expect.arrayContaining(some));
  });
}

test('tasks are listed of the chosen job alone', async ({ page, visit }) => {
  await visit(variable({ variable: 'tasks' }));
  await choose(page, 'Jobs', 'skew');
  expect(await values(page)).toEqual(['Source: orders', 'enrich', 'aggregate', 'sink']);
});

test('a variable follows another', async ({ page, visit }) => {
  const tasks = { variable: 'tasks', jobs: ['$job'] };
  await visit(variable(tasks, '?var-job=two-sources'));
  expect(await values(page)).toContain('validate');
  await visit(variable(tasks, '?var-job=skew&var-job=bottleneck'));
  expect(await values(page)).toEqual(expect.arrayContaining(['aggregate', 'slow-window']));
  await visit(variable(tasks, '?var-job=$__all'));
  expect(await values(page)).toEqual(expect.arrayContaining(['aggregate', 'slow-window', 'validate']));
});

test('clusters are followed too, and typed', async ({ addresses, configure, page, visit }) => {
  await configure({ jsonData: { url: addresses.normal, clusters: [{ name: 'east', url: addresses.east }] } });
  await visit(variable({ variable: 'jobs' }, '?var-cluster=east'));
  await type(page, 'Clusters', '$cluster');
  expect(await query(page)).toMatchObject({ clusters: ['$cluster'] });
  expect(await values(page)).toEqual(['slow-sink']);
});

test('a newer variable, and one of an unknown list, are kept as they were, with a sentence about it', async ({ page, visit }) => {
  for (const [saved, text] of [
    [{ schemaVersion: 99, variable: 'jobs', later: 1 }, 'schemaVersion 99'],
    [{ variable: 'operators', later: 1 }, '“operators”'],
  ] as const) {
    await visit(variable(saved));
    await expect(page.getByRole('alert')).toContainText(text);
    expect(await query(page)).toMatchObject(saved);
  }
  await field(page, 'List').click();
  await option(page, 'Tasks').click();
  expect(await query(page)).toMatchObject({ variable: 'tasks' });
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a text that another data source left is no variable of ours', async ({ page, visit }) => {
  await visit(`/variable#${encodeURIComponent(JSON.stringify('label_values(job)'))}`);
  await expect(field(page, 'List')).toBeVisible();
  expect(await values(page)).toContain('skew');
  await field(page, 'List').click();
  await option(page, 'Tasks').click();
  expect(Object.keys(await query(page)).sort()).toEqual(['queryType', 'refId', 'schemaVersion', 'variable']);
});
