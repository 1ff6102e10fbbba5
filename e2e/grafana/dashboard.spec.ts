import { expect, test } from '@grafana/plugin-e2e';

test('the dashboard of all jobs names the bottleneck', async ({ gotoDashboardPage, page }) => {
  const dashboard = await gotoDashboardPage({ uid: 'flink-jobs' });
  await expect(dashboard.getPanelByTitle('Jobs, worst first').locator).toContainText('slow-window', { timeout: 60_000 });
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('the dashboard of one job names the bottleneck', async ({ gotoDashboardPage, page }) => {
  const dashboard = await gotoDashboardPage({ uid: 'flink-bottleneck' });
  const words = dashboard.getPanelByTitle('Task · Why · What to do');
  await expect(words.locator).toContainText('slow-window', { timeout: 60_000 });
  await expect(dashboard.getPanelByTitle('Job graph').locator).toContainText('slow-window');
  await expect(page.getByRole('alert')).toHaveCount(0);
});
