import { editing, fields } from './editor';
import { expect, test } from './fixtures';

const subtasks = { schemaVersion: 1, queryType: 'subtasks' };

test('a dashboard’s filters narrow a query down', async ({ page, visit }) => {
  await visit(editing({ ...subtasks, jobs: ['/bottle/', 'skew'] }, `?var-Filters=${encodeURIComponent('job|=|bottleneck')}`));
  const request = page.waitForRequest(/api\/ds\/query/);
  await page.getByRole('button', { name: 'Run queries' }).click();
  expect((await request).postDataJSON().queries).toMatchObject([{ jobs: ['bottleneck'] }]);
  await fields(page);
  await expect(page.getByRole('region', { name: 'Frame' })).not.toContainText('aggregate');
});

test('a filter that cannot be applied is answered by a sentence', async ({ page, visit }) => {
  await visit(editing(subtasks, `?var-Filters=${encodeURIComponent('job|!=|skew')}`));
  await page.getByRole('button', { name: 'Run queries' }).click();
  await expect(page.getByRole('region', { name: 'Answer' }).getByRole('alert')).toContainText('use =, =| or =~');
});

test('filters are offered for clusters, jobs and tasks, tasks of the job that is filtered by', async ({ page, visit }) => {
  await visit('/filters');
  await expect(page.getByRole('list', { name: 'cluster' }).getByRole('listitem')).toHaveText(['default']);
  await expect(page.getByRole('list', { name: 'job' })).toContainText('two-sources');
  await expect(page.getByRole('list', { name: 'task' })).toContainText('slow-window');
  await visit(`/filters?var-Filters=${encodeURIComponent('job|=|skew')}`);
  await expect(page.getByRole('list', { name: 'task' }).getByRole('listitem')).toHaveText(['Source: orders', 'enrich', 'aggregate', 'sink']);
});
