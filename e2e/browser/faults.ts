import { type ConsoleMessage, type Page, type Request } from '@playwright/test';

import { older, warnings } from './older';

/** What would disturb no test: each with its reason. */
const harmless = [
  // Grafana's fonts are in no package: the texts fall back to the system's.
  /\/public\/fonts\//,
];

/** An icon that is gone before it is there, such as a spinner, cancels its request. */
const cancelled = /\/img\/icons\/.* net::ERR_ABORTED$/;

/** Collects what must not happen on a page: errors, React's warnings, failed requests. */
export class Faults {
  readonly seen: string[] = [];
  private readonly expected: RegExp[] = [];
  /** How many pages have been left, and at which of them each request began. */
  private left = 0;
  private readonly begun = new WeakMap<Request, number>();

  constructor(page: Page) {
    page.on('request', (request) => this.begun.set(request, this.left));
    page.on('console', (message) => this.console(message));
    page.on('pageerror', (error) => this.seen.push(`uncaught: ${error.stack ?? error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 400) {
        this.request(response.request(), `answered ${response.status()}`);
      }
    });
    page.on('requestfailed', (request) => this.request(request, request.failure()?.errorText ?? 'failed'));
  }

  /** Lets requests to such an address fail: what a test is about. */
  expect(address: RegExp) {
    this.expected.push(address);
  }

  /** Notes that the page is left: what it still waited for is cancelled. */
  leave() {
    this.left++;
  }

  private console(message: ConsoleMessage) {
    // The browser's own word on a failed request, which is judged as such.
    const request = message.text().startsWith('Failed to load resource');
    const known = older && warnings.some((warning) => warning.test(message.text()));
    if (!request && !known && ['error', 'warning', 'assert'].includes(message.type())) {
      this.seen.push(`console ${message.type()}: ${message.text()}`);
    }
  }

  private request(request: Request, outcome: string) {
    const fault = `${request.method()} ${request.url()} ${outcome}`;
    const known = [...harmless, ...this.expected].some((address) => address.test(request.url()));
    const gone = outcome === 'net::ERR_ABORTED' && this.begun.get(request) !== this.left;
    if (!known && !gone && !cancelled.test(fault)) {
      this.seen.push(fault);
    }
  }
}
