/** The pictures of the editors, config page and Explore: `go tool mage pictures`. */
import { type Page } from '@playwright/test';
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { editing, field, option, type Query } from './editor';
import { expect, test } from './fixtures';
import { older } from './older';

/** Where pictures go that nobody wants to keep, and where the others go. */
const aside = `e2e/browser/output/screenshots${older ? '-10.4' : ''}`;
const folder = process.env.PICTURES ?? aside;

/** In bytes, how large a picture may be. */
const largest = 250_000;

test.use({ viewport: { width: 1000, height: 560 } });

interface Picture {
  within?: string;
  clip?: { x: number; y: number; width: number; height: number };
}

async function picture(page: Page, name: string, { clip, within = folder }: Picture = {}) {
  await page.mouse.move(0, 0);
  const path = join(within, `${name}.png`);
  await page.screenshot({ path, fullPage: true, clip, animations: 'disabled', style: 'pre { display: none }' });
  expect(statSync(path).size).toBeLessThan(largest);
}

/** The address of a query with its answer below. */
const exploring = (query: Query, search: Record<string, string>) => `/explore?${new URLSearchParams(search)}#${encodeURIComponent(JSON.stringify({ schemaVersion: 1, ...query }))}`;

for (const theme of ['dark', 'light']) {
  test(`pictures, ${theme}`, async ({ addresses, configure, page, visit }) => {
    test.slow();
    await configure({ jsonData: { url: 'http://jobmanager:8081', clusters: [{ name: 'orders', url: 'http://orders-rest:8081' }] } });
    await visit(`/config?theme=${theme}`);
    await page.getByRole('button', { name: 'Expand section Limits' }).click();
    await picture(page, `config-${theme}`);

    await configure({ jsonData: { url: addresses.normal, clusterName: 'west', clusters: [{ name: 'east', url: addresses.east }] } });
    await page.setViewportSize({ width: 1000, height: 1800 });
    await visit(`/config?theme=${theme}`);
    await page.getByRole('button', { name: 'Save & test' }).click();
    const outcome = await page.getByRole('status').filter({ hasText: 'Next:' }).boundingBox();
    const button = await page.getByRole('button', { name: 'Save & test' }).boundingBox();
    await picture(page, `save-and-test-${theme}`, { clip: { x: 0, y: outcome!.y - 170, width: 1000, height: button!.y + button!.height + 24 - outcome!.y + 170 } });

    await configure({ jsonData: { url: addresses.normal } });
    await page.setViewportSize({ width: 1000, height: 740 });
    await visit(editing({ schemaVersion: 1, queryType: 'bottlenecks', jobs: ['$job'] }, `?theme=${theme}`));
    await field(page, 'Query type').click();
    await picture(page, `editor-${theme}`);
    await page.keyboard.press('Escape');

    await visit(editing({ schemaVersion: 1, queryType: 'measure', measure: 'busy', by: 'task', jobs: ['/^bott/', 'skew'] }, `?theme=${theme}`));
    await field(page, 'Tasks').click();
    await option(page, 'slow-window').hover();
    await picture(page, `names-${theme}`, { within: aside });
    await page.keyboard.press('Escape');

    await visit(`/variable?theme=${theme}`);
    await picture(page, `variable-${theme}`, { within: aside });
  });

  test.describe(() => {
    test.skip(older, 'its packages lack the table that draws dashboards');
    test(`Explore and a rule, ${theme}`, async ({ addresses, configure, page, visit }) => {
      test.slow();
      await configure({ jsonData: { url: addresses.normal } });
      await page.setViewportSize({ width: 1234, height: 480 });
      await visit(exploring({ queryType: 'bottlenecks', jobs: ['skew', 'bottleneck'] }, { theme, height: '460', title: 'Table' }));
      await expect(page.getByRole('gridcell', { name: 'slow-window', exact: true })).toBeVisible();
      await picture(page, `explore-${theme}`);

      await visit(exploring({ queryType: 'measure', measure: 'bottleneck', by: 'job', types: ['STREAMING'], jobs: ['/^[a-z-]+$/'] }, { app: 'unified-alerting', height: '220', panel: 'bargauge', theme, title: 'What the rule evaluates: it fires above 0.5' }));
      await expect(page.getByText('healthy').last()).toBeVisible();
      await picture(page, `rule-${theme}`);
    });
  });
}
