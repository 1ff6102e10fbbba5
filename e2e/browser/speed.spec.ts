import { type Page } from '@playwright/test';

import { editing, field, option, options } from './editor';
import { type Cluster, expect, test } from './fixtures';
import { median, paints } from './paints';

/** In milliseconds, what a key may take, and on a busy machine how many times what it takes with nothing to list. Times are measured by `go tool mage bench` alone. */
const bar = 100;
const ratio = 4;

const tasks = { schemaVersion: 1, queryType: 'tasks' };

/** Of each menu a part of some names: fewer fit with each key. */
const typed = { Jobs: 'job-42', Tasks: 'step-42' };

/** Opens the menu and waits until it lists what Flink has. */
async function open(page: Page, label: string, cluster: Cluster) {
  await field(page, label).click();
  const listed = options(page).filter({ hasText: cluster === 'large' ? /more: type a part/ : '$job' });
  await expect(listed.first()).toBeVisible({ timeout: 60_000 });
}

for (const label of ['Jobs', 'Tasks'] as const) {
  test(`a key in ${label} is answered at once with 500 jobs of 100 tasks`, { tag: '@bench' }, async ({ addresses, configure, page, visit }, info) => {
    test.setTimeout(180_000);
    const took: Partial<Record<Cluster, number[]>> = {};
    for (const cluster of ['empty', 'large'] as const) {
      await configure({ jsonData: { url: addresses[cluster], timeoutSeconds: 60 } });
      await visit(editing(tasks, '?react=production'));
      await open(page, label, cluster);
      const one = await paints(page, field(page, label), typed[label]);
      await page.keyboard.press('Escape');
      await open(page, label, cluster);
      took[cluster] = [...one, ...(await paints(page, field(page, label), typed[label]))];
    }
    const [few, many] = [median(took.empty ?? []), median(took.large ?? [])];
    const measured = `${label}: a key takes ${many.toFixed(0)} ms, ${Math.max(...took.large!).toFixed(0)} at most; with nothing to list ${few.toFixed(0)}`;
    console.log(measured);
    info.annotations.push({ type: 'measured', description: measured });
    expect(many).toBeLessThan(Math.max(bar, ratio * few));
  });
}

test('typing sends no request to the backend', async ({ addresses, configure, page, state, visit }) => {
  await configure({ jsonData: { url: addresses.large } });
  await visit(editing(tasks));
  await open(page, 'Jobs', 'large');
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  const before = (await state()).requests.large;
  await field(page, 'Jobs').pressSequentially(typed.Jobs);
  await expect(option(page, 'job-420')).toBeVisible();
  expect(requests.filter((address) => address.includes('/api/'))).toEqual([]);
  expect((await state()).requests.large).toBe(before);
});

test('a menu costs one request to the backend, and one to Flink', async ({ addresses, configure, page, state, visit }) => {
  await configure({ jsonData: { url: addresses.large } });
  await visit(editing(tasks));
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  const before = (await state()).requests.large;
  await open(page, 'Jobs', 'large');
  expect(requests.filter((address) => address.includes('/api/'))).toHaveLength(1);
  expect((await state()).requests.large - before).toBe(1);
});
