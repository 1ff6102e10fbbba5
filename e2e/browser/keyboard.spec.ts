import { type Page } from '@playwright/test';

import { editing, field, fields, option, options, query } from './editor';
import { expect, test } from './fixtures';

const press = async (page: Page, ...keys: string[]) => {
  for (const key of keys) {
    await page.keyboard.press(key);
  }
};

/** Goes on to a field that is not far. */
async function reach(page: Page, label: string) {
  const focused = () => field(page, label).evaluate((input) => input === document.activeElement);
  for (let presses = 0; presses < 5 && !(await focused()); presses++) {
    await press(page, 'Tab');
  }
  await expect(field(page, label)).toBeFocused();
}

/** Opens the menu of the focused field and takes what begins with the text. */
async function take(page: Page, text: string, name: string) {
  await press(page, 'ArrowDown');
  await page.keyboard.type(text);
  await expect(option(page, name).first()).toBeVisible();
  await press(page, 'Enter');
}

test('a query is made by keyboard alone', async ({ page, visit }) => {
  await visit(editing({ schemaVersion: 1, queryType: 'bottlenecks' }));
  await reach(page, 'Query type');
  await take(page, 'Meas', 'Measure');
  await reach(page, 'Measure');
  await take(page, 'Busy', 'Busy');
  await reach(page, 'One series per');
  await take(page, 'Task', 'Task');
  await reach(page, 'Jobs');
  await take(page, 'skew', 'skew');
  await page.keyboard.type('/bottle/');
  await press(page, 'Enter', 'Escape');
  await reach(page, 'Tasks');
  expect(await query(page)).toMatchObject({ queryType: 'measure', measure: 'busy', by: 'task', jobs: ['skew', '/bottle/'] });
  await press(page, 'Tab', 'Tab');
  await expect(page.getByRole('button', { name: 'Run queries' })).toBeFocused();
  await press(page, 'Enter');
  expect((await fields(page)).flat().join()).toContain('"task":"slow-window"');
});

test('a name is taken out by keyboard', async ({ page, visit }) => {
  await visit(editing({ schemaVersion: 1, queryType: 'tasks', jobs: ['skew', 'healthy'] }));
  await field(page, 'Jobs').focus();
  await press(page, 'Backspace');
  expect(await query(page)).toMatchObject({ jobs: ['skew'] });
});

test('escape leaves a menu without a choice', async ({ page, visit }) => {
  const before = { schemaVersion: 1, queryType: 'tasks', jobs: ['skew'] };
  await visit(editing(before));
  await field(page, 'Query type').focus();
  await press(page, 'ArrowDown', 'ArrowDown', 'Escape');
  await expect(options(page)).toHaveCount(0);
  await expect(field(page, 'Query type')).toBeFocused();
  expect(await query(page)).toMatchObject(before);
});
