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

test('hosts and kinds narrow down what has them, and a notice says where they have no effect', async ({ page, visit }) => {
  const filters = `?var-Filters=${encodeURIComponent('kind|=|skew')}&var-Filters=${encodeURIComponent('host|=|host-1')}`;
  await visit(editing({ schemaVersion: 1, queryType: 'bottlenecks' }, filters));
  await page.getByRole('button', { name: 'Run queries' }).click();
  const answer = page.getByRole('region', { name: 'Answer' });
  await expect(answer.getByRole('cell', { name: 'skew', exact: true })).toHaveCount(2); // the job and its kind
  await expect(answer.getByRole('cell', { name: 'capacity', exact: true })).toHaveCount(0);
  await visit(editing(subtasks, filters));
  await page.getByRole('button', { name: 'Run queries' }).click();
  await expect(answer).toContainText('The query type subtasks cannot be narrowed down by kind');
  await expect(answer.getByRole('cell', { name: 'host-1', exact: true })).not.toHaveCount(0);
  await expect(answer.getByRole('cell', { name: 'host-2', exact: true })).toHaveCount(0);
});

test('filters are offered for clusters, jobs, tasks, hosts and kinds, tasks of the job that is filtered by', async ({ page, visit }) => {
  await visit('/filters');
  await expect(page.getByRole('list', { name: 'cluster' }).getByRole('listitem')).toHaveText(['default']);
  await expect(page.getByRole('list', { name: 'job' })).toContainText('two-sources');
  await expect(page.getByRole('list', { name: 'task' })).toContainText('slow-window');
  await expect(page.getByRole('list', { name: 'host' }).getByRole('listitem')).toHaveText(['host-1', 'host-2']);
  await expect(page.getByRole('list', { name: 'kind' })).toContainText('alternating');
  await visit(`/filters?var-Filters=${encodeURIComponent('job|=|skew')}`);
  await expect(page.getByRole('list', { name: 'task' }).getByRole('listitem')).toHaveText(['Source: orders', 'enrich', 'aggregate', 'sink']);
});
