import { type Locator, type Page } from '@playwright/test';

declare global {
  interface Window {
    /** Milliseconds from each key to the paint that followed it. */
    paints?: number[];
  }
}

/** How long each key of a text takes from its press to the next paint, in milliseconds. */
export async function paints(page: Page, input: Locator, text: string): Promise<number[]> {
  await page.evaluate(watch);
  for (const [at, key] of [...text].entries()) {
    await input.press(key);
    await page.waitForFunction((count) => (window.paints?.length ?? 0) > count, at);
  }
  return (await page.evaluate(() => window.paints)) ?? [];
}

/** Notes every key; a message that is posted before a paint arrives after it. */
function watch() {
  if (!window.paints) {
    const paints = (window.paints = [] as number[]);
    window.addEventListener('keydown', ({ timeStamp }) => {
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => paints.push(performance.now() - timeStamp);
        channel.port2.postMessage(undefined);
      });
    }, { capture: true });
  }
  window.paints.length = 0;
}

/** The value that half of the numbers do not exceed. */
export const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
