import { expect, test } from './fixtures';

/** What provisioning files and Terraform leave behind: blank keys are null. */
const blank = { clusterName: null, clusters: null, timeoutSeconds: null, maxConcurrency: null, maxAge: null, history: null, prometheus: null };

test('a page of blank settings opens, and can be saved', async ({ addresses, configure, page, visit }) => {
  await configure({ jsonData: { ...blank, url: addresses.normal } });
  await visit('/config');
  for (const section of ['Further clusters', 'Limits', 'History', 'Prometheus']) {
    await page.getByRole('button', { name: `Expand section ${section}` }).click();
  }
  await page.getByRole('button', { name: 'Save & test' }).click();
  await expect(page.getByText('Flink 2.3.0')).toBeVisible();
});

test('settings of wrong types open, so that they can be mended', async ({ addresses, configure, page, state, visit }) => {
  await configure({ jsonData: { url: 8081, clusters: [{ name: 'x' }, null], maxAge: 2, timeoutSeconds: 'long' } });
  await visit('/config');
  await page.getByLabel('Address', { exact: false }).first().fill(addresses.normal);
  await page.getByRole('button', { name: 'Remove cluster 3' }).click();
  await page.getByRole('button', { name: 'Remove cluster x' }).click();
  await page.getByRole('button', { name: 'Expand section Limits' }).click();
  await expect(page.getByText('Write a number and a unit')).toBeVisible();
  await page.getByLabel('Reuse an answer for').fill('2s');
  await page.getByRole('button', { name: 'Save & test' }).click();
  await expect(page.getByText('Flink 2.3.0')).toBeVisible();
  expect((await state()).saved.jsonData).toMatchObject({ url: addresses.normal, maxAge: '2s' });
});
