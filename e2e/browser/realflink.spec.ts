/** The pictures of a real Flink, whose job "bottleneck" has a slow task: `go tool mage pictures` starts it. */
import { type APIRequestContext } from '@playwright/test';
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { bundled, layout } from './dashboards';
import { expect, test } from './fixtures';

const folder = process.env.PICTURES;
const flink = process.env.PICTURES_FLINK;
test.skip(!folder || !flink, 'pictures are taken by go tool mage pictures');

/** In pixels, how much of the dashboard is shown, and in bytes, how large a picture may be. */
const [width, tallest, largest] = [1280, 1300, 250_000];

/** How many samples the pictures show, one each 10 s. */
const samples = 18;

test('the dashboard of one job, and its flame graph', async ({ configure, faults, page, request, visit }) => {
  test.setTimeout(600_000);
  await configure({ jsonData: { url: flink } });
  // The first query has Flink sample the stacks; the samples come with the next.
  await expect.poll(() => explanation(request), { timeout: 120_000, intervals: [5_000] }).toContain('flame graph');
  await expect.poll(() => points(request), { timeout: 400_000, intervals: [5_000] }).toBeGreaterThanOrEqual(samples);
  // @grafana/flamegraph has an icon that @grafana/ui no longer has.
  faults.expect(/angle-double-up\.svg$/);
  const dashboard = bundled.find(({ uid }) => uid === 'flink-bottleneck')!;
  const { height, panels } = layout(dashboard, true);
  await page.setViewportSize({ width, height });
  await visit(`/dashboard?uid=${dashboard.uid}&theme=dark&rows=open&from=${Date.now() - 180_000}&to=${Date.now()}&var-job=bottleneck`);
  await page.waitForFunction((wanted) => window.panels?.length === wanted, panels.length);
  await expect(page.getByLabel('Panel loading bar')).toHaveCount(0);

  const ends = await page.locator('[data-panel]').evaluateAll((all) => all.map((panel) => Math.ceil(panel.getBoundingClientRect().bottom)));
  const whole = { path: join(folder!, 'real-job-dark.png'), clip: { x: 0, y: 0, width, height: Math.max(...ends.filter((end) => end <= tallest)) + 8 } };
  await page.screenshot({ ...whole, animations: 'disabled' });
  const id = panels.find(({ type }) => type === 'flamegraph')!.id;
  const flames = join(folder!, 'real-flame-graph-dark.png');
  await page.locator(`[data-panel="${id}"]`).screenshot({ path: flames, animations: 'disabled' });
  for (const path of [whole.path, flames]) {
    expect(statSync(path).size).toBeLessThan(largest);
  }
});

/** How many samples of the job there are. */
async function points(request: APIRequestContext): Promise<number> {
  const { results } = await asked(request, { queryType: 'history', measure: 'bottleneck', by: 'job' });
  return (results.A?.frames?.[0]?.data?.values?.[1] ?? []).filter((value: number | null) => value !== null).length;
}

/** All that is said of the job's bottleneck. */
const explanation = async (request: APIRequestContext) => JSON.stringify(await asked(request, { queryType: 'bottlenecks' }));

async function asked(request: APIRequestContext, keys: Record<string, string>) {
  const query = { refId: 'A', schemaVersion: 1, jobs: ['bottleneck'], datasource: { uid: 'flink' }, ...keys };
  const response = await request.post('/api/ds/query', { data: { from: String(Date.now() - 600_000), to: String(Date.now()), queries: [query] } });
  return response.json();
}
