/** The dashboards that the page can draw, and what it reports of them. */
import { type APIRequestContext, type Page } from '@playwright/test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test as base } from './fixtures';
import { type DashboardModel, heightOf, laidOut } from './host/dashboard/model';
import { type PanelReport } from './host/dashboard/report';

/** Those that the plugin brings. */
export const bundled = read('src/dashboards');

/** That with every type of panel. */
export const everyPanel = read('e2e/browser/dashboards')[0]!;

function read(folder: string): DashboardModel[] {
  return readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
}

/**
 * The test of a dashboard: the data source is a cluster with jobs that are held
 * back, each for a reason of its own, and with the past of all. The plugin has
 * their flame graphs, so that texts are as long as they get.
 */
export const test = base.extend<{ shop: void }>({
  shop: [
    async ({ configure, faults, request, state }, provide) => {
      const { addresses, past } = await state();
      await configure({ jsonData: { url: addresses.shop, prometheus: { url: past } } });
      await expect.poll(() => profiled(request), { timeout: 120_000 }).toBeGreaterThanOrEqual(6);
      // @grafana/flamegraph has an icon that @grafana/ui no longer has.
      faults.expect(/angle-double-up\.svg$/);
      await provide();
    },
    { auto: true, timeout: 200_000 },
  ],
});

/** How many root causes name a method of their flame graph. */
async function profiled(request: APIRequestContext): Promise<number> {
  const query = { refId: 'A', schemaVersion: 1, queryType: 'bottlenecks', datasource: { uid: 'flink' } };
  const response = await request.post('/api/ds/query', { data: { from: String(Date.now() - 900_000), to: String(Date.now()), queries: [query] } });
  return (await response.text()).match(/By the flame graph/g)?.length ?? 0;
}

/** The panels that the page draws, and how high it is with them. */
export function layout(dashboard: DashboardModel, open: boolean) {
  const panels = laidOut(dashboard.panels, open);
  const height = heightOf(Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)));
  return { panels: panels.filter(({ type }) => type !== 'row'), height: height + margins };
}

/** Above and below the grid. */
const margins = 90;

interface Opening {
  theme: 'dark' | 'light';
  width: number;
  /** Whether rows that are collapsed are opened. */
  open?: boolean;
  search?: string;
}

/** Opens a dashboard with all of it in view, as tables draw what is, and returns what the page reports. */
export async function opened(page: Page, visit: (address: string) => Promise<void>, dashboard: DashboardModel, { open = false, search = '', theme, width }: Opening): Promise<PanelReport[]> {
  const { height, panels } = layout(dashboard, open);
  await page.setViewportSize({ width, height });
  await visit(`/dashboard?uid=${dashboard.uid}&theme=${theme}${open ? '&rows=open' : ''}${search}`);
  await page.waitForFunction((wanted) => window.panels?.length === wanted, panels.length);
  await expect(page.getByLabel('Panel loading bar')).toHaveCount(0);
  return page.evaluate(() => window.panels ?? []);
}

export { expect };
