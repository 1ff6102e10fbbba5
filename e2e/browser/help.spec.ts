import { fields, query } from './editor';
import { expect, test } from './fixtures';

test('an example of the help is a query that is answered', async ({ page, visit }) => {
  await visit('/help');
  await page.getByRole('button', { name: 'Which task holds a job back' }).click();
  const example = await query(page);
  expect(example).toMatchObject({ refId: 'A', queryType: 'bottlenecks' });
  await visit(`/query#${encodeURIComponent(JSON.stringify(example))}`);
  await page.getByRole('button', { name: 'Run queries' }).click();
  expect((await fields(page))[0]).toEqual(expect.arrayContaining(['task', 'kind', 'advice']));
});
