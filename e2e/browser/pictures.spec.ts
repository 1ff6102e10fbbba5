/** The pictures of the documents: `go tool mage pictures`. */
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { bundled, everyPanel, expect, opened, test } from './dashboards';

const folder = process.env.PICTURES;
test.skip(!folder, 'pictures are taken by go tool mage pictures');
// A dashboard is many queries and much to draw: on a busy machine it takes its time.
test.describe.configure({ timeout: 300_000 });

/** In pixels, what of a dashboard is shown at most, and in bytes, how large a picture may be. */
const tallest = 1300;
const largest = 250_000;

/** In pixels, below the last panel. */
const margin = 8;

/** Single panels, by the type of panel that each is of. */
const panels = { nodeGraph: 'job-graph', 'state-timeline': 'timeline', flamegraph: 'flame-graph' };

for (const theme of ['dark', 'light'] as const) {
  for (const dashboard of bundled) {
    test(`${dashboard.title}, ${theme}`, async ({ page, visit }) => {
      await opened(page, visit, dashboard, { theme, width: 1280, search: dashboard.uid === 'flink-bottleneck' ? '&var-job=recommendations' : '' });
      const ends = await page.locator('[data-panel]').evaluateAll((all) => all.map((panel) => Math.ceil(panel.getBoundingClientRect().bottom)));
      // No panel in part, but for one that is alone too high.
      const height = Math.max(Math.min(...ends), ...ends.filter((end) => end <= tallest)) + margin;
      const path = join(folder!, `${dashboard.uid}-${theme}.png`);
      await page.screenshot({ path, clip: { x: 0, y: 0, width: 1280, height }, animations: 'disabled' });
      expect(statSync(path).size).toBeLessThan(largest);
    });
  }

  test(`single panels, ${theme}`, async ({ page, visit }) => {
    const drawn = await opened(page, visit, everyPanel, { open: true, theme, width: 1280 });
    for (const [type, name] of Object.entries(panels)) {
      const path = join(folder!, `${name}-${theme}.png`);
      const id = drawn.find((panel) => panel.type === type)?.id;
      await page.locator(`[data-panel="${id}"]`).screenshot({ path, animations: 'disabled' });
      expect(statSync(path).size).toBeLessThan(largest);
    }
  });
}
