import { expect, test } from '@grafana/plugin-e2e';

import { choose, field, option } from '../browser/editor';

test('a panel shows the tasks of a job', async ({ page, panelEditPage }) => {
  await panelEditPage.datasource.set('Flink');
  await panelEditPage.setVisualization('Table');
  await field(page, 'Query type').click();
  await option(page, 'Tasks').click();
  await choose(page, 'Jobs', process.env.FLINK_JOB ?? 'bottleneck');
  await expect(panelEditPage.refreshPanel()).toBeOK();
  await expect(panelEditPage.panel.fieldNames).toContainText(['job', 'task', 'status']);
});

test('a panel draws the job graph', async ({ page, panelEditPage }) => {
  await panelEditPage.datasource.set('Flink');
  await panelEditPage.setVisualization('Node Graph');
  await field(page, 'Query type').click();
  await option(page, 'Job graph').click();
  await expect(panelEditPage.refreshPanel()).toBeOK();
  await expect(panelEditPage.panel.locator.getByText('slow-window').first()).toBeVisible();
});
