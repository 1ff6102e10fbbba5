import { expect, test } from '@grafana/plugin-e2e';

/** Flink's address as that Grafana reaches it: docker-compose.yaml's by default. */
const address = process.env.GRAFANA_FLINK_URL ?? 'http://flink:8081';

test('Save & test answers with what Flink is', async ({ createDataSourceConfigPage, page }) => {
  const config = await createDataSourceConfigPage({ type: 'flinkscope-flink-datasource' });
  await page.getByLabel(/^Address/).first().fill(address);
  await page.getByLabel(/^Cluster name/).fill('west');
  await expect(config.saveAndTest()).toBeOK();
  await expect(page.getByText(/Flink \d+\.\d+\.\d+, \d+ running job/)).toBeVisible();
});

test('a wrong address is answered by a sentence', async ({ createDataSourceConfigPage, page }) => {
  const config = await createDataSourceConfigPage({ type: 'flinkscope-flink-datasource' });
  await page.getByLabel(/^Address/).first().fill('http://127.0.0.1:1');
  await expect(config.saveAndTest()).not.toBeOK();
  await expect(page.getByText('check the address and port')).toBeVisible();
});
