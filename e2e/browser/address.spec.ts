import { type Cluster, expect, test } from './fixtures';

/** The text beside the field while one types, and that of Save & test. */
const addresses: Array<{ name: string; typed: string; beside?: string; text: string }> = [
  { name: 'nothing', typed: '', text: 'address' },
  { name: 'spaces', typed: '   ', text: 'address' },
  { name: 'no scheme', typed: 'jobmanager:8081', beside: 'Begin with http:// or https://.', text: 'it must start with http:// or https://' },
  { name: 'another scheme', typed: 'ftp://jobmanager', beside: 'Begin with http:// or https://.', text: 'it must start with http:// or https://' },
  { name: 'emoji', typed: '🐿️', beside: 'Begin with http:// or https://.', text: 'it must start with http:// or https://' },
  { name: 'no host', typed: 'http://', beside: 'This is no address', text: 'it must start with http:// or https://' },
  { name: '10,000 characters', typed: 'x'.repeat(10_000), beside: 'Begin with http:// or https://.', text: 'it must start with http:// or https://' },
];

for (const { name, typed, beside, text } of addresses) {
  test(`an address of ${name} is answered by a sentence`, async ({ faults, page, visit }) => {
    faults.expect(/\/health$/);
    await visit('/config');
    await page.getByLabel('Address').fill(typed);
    if (beside) {
      await expect(page.getByText(beside)).toBeVisible();
    }
    await page.getByRole('button', { name: 'Save & test' }).click();
    const alert = page.getByRole('alert', { name: text });
    await expect(alert).toBeVisible();
    expect((await alert.innerText()).length).toBeLessThan(400);
  });
}

const clusters: Array<{ cluster: Cluster; text: string }> = [
  { cluster: 'away', text: '(connection refused): check the address and port' },
  { cluster: 'page', text: 'something that is not Flink\'s JSON, such as a proxy\'s login page' },
  { cluster: 'slow', text: 'did not answer' },
];

for (const { cluster, text } of clusters) {
  test(`a Flink that is "${cluster}" is answered by a sentence`, async ({ addresses, configure, faults, page, visit }) => {
    await configure({ jsonData: { url: addresses[cluster], timeoutSeconds: 1 } });
    faults.expect(/\/health$/);
    await visit('/config');
    await page.getByRole('button', { name: 'Save & test' }).click();
    await expect(page.getByText(text)).toBeVisible();
  });
}

test('an address in the root url is warned of, and moved', async ({ addresses, configure, page, state, visit }) => {
  await configure({ url: addresses.normal, jsonData: {} });
  await visit('/config');
  await expect(page.getByRole('alert', { name: 'cancel jobs' })).toContainText('forwards any request to Flink');
  const save = page.getByRole('button', { name: 'Save & test' });
  await save.click();
  await expect(page.getByText('Warning: the address stands in the data source\'s root url')).toBeVisible();
  await page.getByRole('button', { name: 'Move the address' }).click();
  await save.click();
  await expect(page.getByText('Warning: the address')).toBeHidden();
  await expect(page.getByText('Flink 2.3.0')).toBeVisible();
  expect((await state()).saved).toMatchObject({ url: '', jsonData: { url: addresses.normal } });
});
