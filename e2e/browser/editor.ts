/** The query editor, as one who uses it sees it. */
import { expect, type Locator, type Page } from '@playwright/test';

import { older } from './older';

export type Query = Record<string, unknown>;

/** The address of the editor with that query. */
export const editing = (query: Query, search = '') => `/query${search}#${encodeURIComponent(JSON.stringify(query))}`;

/** The query as the editor has left it. */
export const query = async (page: Page): Promise<Query> => JSON.parse(await page.getByTestId('query').innerText());

/** A field of the editor by its label, which a line of help may follow. */
export const field = (page: Page, label: string): Locator => page.getByRole('combobox', { name: new RegExp(`^${label}`) });

/** What the open menu offers. */
export const options = (page: Page): Locator => (older ? page.getByLabel('Select option', { exact: true }) : page.getByRole('option'));

/** One of it by its name, without its line of help. */
export const option = (page: Page, name: string): Locator => options(page).filter({ has: page.getByText(name, { exact: true }) });

/** Opens a menu, and chooses from it. */
export async function choose(page: Page, label: string, ...names: string[]) {
  await field(page, label).click();
  for (const name of names) {
    await option(page, name).click();
  }
  await page.keyboard.press('Escape');
}

/** Types what no menu has, and takes it. */
export async function type(page: Page, label: string, text: string) {
  await field(page, label).fill(text);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
}

/** The names of the fields of each frame of the answer. */
export async function fields(page: Page): Promise<string[][]> {
  await expect(page.getByRole('status')).toHaveText(/frames/);
  const tables = await page.getByRole('region', { name: 'Frame' }).all();
  return Promise.all(tables.map((table) => table.getByRole('columnheader').allInnerTexts()));
}
