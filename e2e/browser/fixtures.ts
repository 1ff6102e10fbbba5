/** What every browser test stands on: a data source of its own, and pages that must be without fault when they are left. */
import { type BrowserContext, expect, type Page, test as base } from '@playwright/test';

import { findings } from './accessibility';
import { Faults } from './faults';

/** The simulated clusters, see server/flinks.go. */
export type Cluster = 'normal' | 'east' | 'large' | 'odd' | 'shop' | 'empty' | 'slow' | 'page' | 'guarded' | 'away';

/** A data source's settings, as Grafana's API has them. */
export interface Saved {
  url?: string;
  basicAuth?: boolean;
  basicAuthUser?: string;
  jsonData: Record<string, unknown>;
  secureJsonData?: Record<string, string>;
}

/** The state of the server, for tests. */
export interface State {
  addresses: Record<Cluster, string>;
  /** Of a Prometheus with the past of the cluster shop. */
  past: string;
  /** Requests so far, by cluster. */
  requests: Record<Cluster, number>;
  /** What is saved, secrets too. */
  saved: Saved;
}

interface Fixtures {
  faults: Faults;
  /** Where Flink is: before each test the data source is that of the normal cluster. */
  addresses: State['addresses'];
  /** Goes to a page of the plugin; the one that is left must be without fault. */
  visit: (address: string) => Promise<void>;
  /** Makes the data source anew. */
  configure: (settings: Saved) => Promise<void>;
  state: () => Promise<State>;
}

/** The stand-in of a worker: playwright.config.ts reads the addresses from the server's line. */
const standIn = (worker: number) => process.env[`BROWSER_ADDRESS_${worker}`];

interface WorkerFixtures {
  browsing: BrowserContext;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  baseURL: async ({}, provide, { parallelIndex }) => provide(standIn(parallelIndex)),
  // A page is 10 MB of scripts: the tests of a worker share a browser's cache, with what it has compiled of them.
  browsing: [
    async ({ browser }, provide, { parallelIndex, project }) => {
      const context = await browser.newContext({ ...project.use.contextOptions, baseURL: standIn(parallelIndex) });
      await provide(context);
      await context.close();
    },
    { scope: 'worker' },
  ],
  context: async ({ browsing }, provide) => provide(browsing),
  // What a page stores is gone with it, as in a browser of its own.
  page: async ({ context, viewport }, provide) => {
    const page = await context.newPage();
    await page.setViewportSize(viewport!);
    await provide(page);
    if (page.url().startsWith('http')) {
      await page.evaluate(() => localStorage.clear());
    }
    await page.close();
    await context.clearCookies();
  },
  faults: async ({ page }, provide) => provide(new Faults(page)),
  addresses: [
    async ({ request }, provide) => {
      const { addresses }: State = await (await request.get('/test/state')).json();
      await request.put('/test/settings', { data: { jsonData: { url: addresses.normal } } });
      await provide(addresses);
    },
    { auto: true },
  ],
  configure: async ({ request }, provide) =>
    provide(async (settings) => expect(await request.put('/test/settings', { data: settings })).toBeOK()),
  state: async ({ request }, provide) => provide(async () => (await request.get('/test/state')).json()),
  visit: [
    async ({ faults, page }, provide) => {
      await provide(async (address) => {
        if (page.url() !== 'about:blank') {
          await faultless(page, faults);
          faults.leave();
          await page.goto('about:blank'); // the same page again is then a new one
        }
        await page.goto(address);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      });
      await faultless(page, faults);
    },
    { auto: true },
  ],
});

async function faultless(page: Page, faults: Faults) {
  expect([...faults.seen, ...(await findings(page))]).toEqual([]);
}

export { expect };
