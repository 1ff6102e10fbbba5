import { expect, test } from './fixtures';

test('the history, and the Prometheus behind it, is filled in and saved', async ({ faults, page, state, visit }) => {
  faults.expect(/\/health$/); // there is no Prometheus
  await visit('/config');
  await page.getByRole('button', { name: 'Expand section History' }).click();
  await page.getByLabel('Keep samples for').fill('6h');
  await page.getByLabel('Memory').fill('128');
  await page.getByLabel('Sample for').fill('30m');
  await page.getByRole('button', { name: 'Expand section Prometheus' }).click();
  await page.getByLabel('Prometheus address').fill('http://prometheus:9090');
  await page.getByLabel(/^User/).fill('grafana');
  await page.getByLabel(/^Password/).fill('correct horse');
  await page.getByLabel(/^Tenant/).fill('team-a');
  await page.getByRole('button', { name: 'Save & test' }).click();
  await expect(page.getByText(/Flink 2\.3\.0.*Prometheus could not be reached at http:\/\/prometheus:9090/)).toBeVisible();
  const { jsonData, secureJsonData } = (await state()).saved;
  expect(jsonData).toMatchObject({
    history: { retention: '6h', maxMemoryMiB: 128, idleAfter: '30m' },
    prometheus: { url: 'http://prometheus:9090', user: 'grafana', tenant: 'team-a' },
  });
  expect(secureJsonData).toMatchObject({ prometheusPassword: 'correct horse' });
});

test('a Prometheus address and bounds that cannot be used are marked while one types', async ({ page, visit }) => {
  await visit('/config');
  await page.getByRole('button', { name: 'Expand section History' }).click();
  await page.getByLabel('Keep samples for').fill('soon');
  await expect(page.getByText('Write a number and a unit')).toBeVisible();
  await page.getByLabel('Memory').fill('-1');
  await expect(page.getByText('Choose a number from 0 to 16384.')).toBeVisible();
  await page.getByRole('button', { name: 'Expand section Prometheus' }).click();
  await page.getByLabel('Prometheus address').fill('prometheus');
  await expect(page.getByText('Begin with http:// or https://.')).toBeVisible();
});
