import { type Page } from '@playwright/test';
import { type AxeResults } from 'axe-core';

import { older, upstream } from './older';

const axe = require.resolve('axe-core/axe.min.js');

/** Findings in Grafana's own components, which no dashboard can change. */
const grafanas = [
  // The text that its table puts on a coloured cell has the colour that it chooses.
  /color-contrast <div role="gridcell" [^>]*class="rdg-cell [^>]*style="[^"]*background: rgb/,
  // The text in the middle of what @grafana/flamegraph has above the graph, and its buttons.
  /label <input data-testid="data-testid radio-button-option/,
];

/** What axe finds on the page as it stands: serious and critical findings, a line each. */
export async function findings(page: Page): Promise<string[]> {
  // Grafana's own buttons lack contrast while hovered or focused.
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
  // Their colours change back gradually; spinners never end.
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().filter((animation) => animation instanceof CSSTransition).map((animation) => animation.finished))
  );
  await page.addScriptTag({ path: axe });
  const { violations }: AxeResults = await page.evaluate('axe.run({ resultTypes: ["violations"] })');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, impact, nodes }) => nodes.map(({ failureSummary, html }) => `axe ${impact}: ${id} ${html}\n${failureSummary}`))
    .filter((finding) => !grafanas.some((known) => known.test(finding)))
    .filter((finding) => !older || !upstream.some((known) => known.test(finding)));
}
