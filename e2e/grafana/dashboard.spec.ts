import { expect, test } from '@grafana/plugin-e2e';

test('the provisioned dashboard names the bottleneck', async ({ gotoDashboardPage, page }) => {
  const dashboard = await gotoDashboardPage({ uid: 'flink-bottleneck' });
  const words = dashboard.getPanelByTitle('What holds jobs back, and what to do');
  await expect(words.locator).toContainText('slow-window', { timeout: 60_000 });
  await expect(dashboard.getPanelByTitle('Job graph').locator).toContainText('slow-window');
  await expect(page.getByRole('alert')).toHaveCount(0);
});
