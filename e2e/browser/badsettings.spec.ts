import { expect, test } from './fixtures';

const long = 'x'.repeat(10_000);

/** What is typed into a field of the limits, and the sentence beside it. */
const limits: Array<{ field: string; typed: string; text: string }> = [
  { field: 'Time-out', typed: '0', text: 'Choose a number from 0.1 to 600.' },
  { field: 'Time-out', typed: '-1', text: 'Choose a number from 0.1 to 600.' },
  { field: 'Time-out', typed: '1e9', text: 'Choose a number from 0.1 to 600.' },
  { field: 'Time-out', typed: 'soon', text: 'Choose a number from 0.1 to 600.' },
  { field: 'Requests at once', typed: '257', text: 'Choose a whole number from 1 to 256.' },
  { field: 'Requests at once', typed: '1.5', text: 'Choose a whole number from 1 to 256.' },
  { field: 'Requests at once', typed: '🐿️', text: 'Choose a whole number from 1 to 256.' },
  { field: 'Reuse an answer for', typed: '2', text: 'Write a number and a unit, such as 2s or 500ms.' },
  { field: 'Reuse an answer for', typed: 'soon', text: 'Write a number and a unit, such as 2s or 500ms.' },
  { field: 'Reuse an answer for', typed: long, text: 'Write a number and a unit, such as 2s or 500ms.' },
];

test('limits that cannot be used are marked while one types', async ({ page, visit }) => {
  await visit('/config');
  await page.getByRole('button', { name: 'Expand section Limits' }).click();
  for (const { field, typed, text } of limits) {
    const input = page.getByLabel(field);
    await input.fill('');
    await input.pressSequentially(typed.slice(0, 20));
    await input.fill(typed);
    await expect(page.getByText(text).first(), `${field}: ${typed.slice(0, 20)}`).toBeVisible();
    await input.fill('');
    await expect(page.getByText(text)).toHaveCount(0);
  }
});

test('a fraction of a second can be typed', async ({ page, state, visit }) => {
  await visit('/config');
  await page.getByRole('button', { name: 'Expand section Limits' }).click();
  await page.getByLabel('Time-out').pressSequentially('0.5');
  await expect(page.getByLabel('Time-out')).toHaveValue('0.5');
  await page.getByRole('button', { name: 'Save & test' }).click();
  await expect(page.getByText('Flink 2.3.0')).toBeVisible();
  expect((await state()).saved.jsonData.timeoutSeconds).toBe(0.5);
});

test('names and addresses of clusters that cannot be used are marked', async ({ faults, page, visit }) => {
  faults.expect(/\/health$/);
  await visit('/config');
  await page.getByLabel('Cluster name').fill('west');
  await page.getByRole('button', { name: 'Expand section Further clusters' }).click();
  await page.getByRole('button', { name: 'Add cluster' }).click();
  await expect(page.getByText('Give the cluster a name.')).toBeVisible();
  await expect(page.getByText('Give the cluster an address.')).toBeVisible();
  await page.getByLabel('Name of cluster 2').fill('west');
  await expect(page.getByText('Another cluster has this name.').first()).toBeVisible();
  await page.getByLabel('Name of cluster 2').fill(long);
  await page.getByLabel('Address of cluster 2').fill('ftp://🐿️');
  await expect(page.getByText('Begin with http:// or https://.')).toBeVisible();
  await page.getByRole('button', { name: 'Save & test' }).click();
  await expect(page.getByText('it must start with http:// or https://')).toBeVisible();
});
