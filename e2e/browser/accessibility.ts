import { type Page } from '@playwright/test';
import { type AxeResults } from 'axe-core';

import { older, upstream } from './older';

const axe = require.resolve('axe-core/axe.min.js');

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
    .filter((finding) => !older || !upstream.some((known) => known.test(finding)));
}
