import { type Page } from '@playwright/test';
import { join } from 'node:path';

import { editing, field, fields, option } from './editor';
import { test } from './fixtures';
import { older } from './older';

/** Where pictures go: beside the other output unless someone wants to keep them. */
const folder = process.env.SCREENSHOTS ?? `e2e/browser/output/screenshots${older ? '-10.4' : ''}`;

test.use({ viewport: { width: 1000, height: 560 } });

const picture = async (page: Page, name: string) => {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: 'disabled', style: 'pre { display: none }' });
};

for (const theme of ['dark', 'light']) {
  test(`pictures, ${theme}`, async ({ addresses, configure, page, visit }) => {
    await configure({ jsonData: { url: 'http://jobmanager:8081', clusters: [{ name: 'orders', url: 'http://orders-rest:8081' }] } });
    await visit(`/config?theme=${theme}`);
    await page.getByRole('button', { name: 'Expand section Limits' }).click();
    await picture(page, `config-${theme}`);

    await configure({ jsonData: { url: addresses.normal } });
    await visit(editing({ schemaVersion: 1, queryType: 'bottlenecks', jobs: ['$job'] }, `?theme=${theme}`));
    await page.getByRole('button', { name: 'Run queries' }).click();
    await fields(page);
    await page.setViewportSize({ width: 1200, height: 330 });
    await picture(page, `verdict-${theme}`);
    await page.setViewportSize({ width: 1000, height: 560 });
    await field(page, 'Query type').click();
    await picture(page, `editor-${theme}`);
    await page.keyboard.press('Escape');

    await visit(editing({ schemaVersion: 1, queryType: 'measure', measure: 'busy', by: 'task', jobs: ['/^bott/', 'skew'] }, `?theme=${theme}`));
    await field(page, 'Tasks').click();
    await option(page, 'slow-window').hover();
    await picture(page, `names-${theme}`);
    await page.keyboard.press('Escape');

    await visit(`/variable?theme=${theme}`);
    await picture(page, `variable-${theme}`);
  });
}
