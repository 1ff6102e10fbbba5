/** What every browser test stands on: a data source of its own, and pages that must be without fault when they are left. */
import { expect, type Page, test as base } from '@playwright/test';

import { findings } from './accessibility';
import { Faults } from './faults';

/** The simulated clusters, see server/flinks.go. */
export type Cluster = 'normal' | 'east' | 'large' | 'shop' | 'empty' | 'slow' | 'page' | 'guarded' | 'away';

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

export const test = base.extend<Fixtures>({
  // The stand-in of this worker: playwright.config.ts reads the addresses from the server's line.
  baseURL: async ({}, provide, { parallelIndex }) => provide(process.env[`BROWSER_ADDRESS_${parallelIndex}`]),
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
