import { type Page, type TestInfo } from '@playwright/test';

import { bundled, everyPanel, expect, opened, test } from './dashboards';
import { type PanelReport } from './host/dashboard/report';
import { older } from './older';

test.skip(older, 'its packages lack the table that draws dashboards');

// A dashboard is many queries and much to draw: on a busy machine it takes its time.
test.describe.configure({ timeout: 300_000 });

/** What a job may be without. */
const mayBeEmpty = ['Did the change help?', 'Exceptions, restarts and rescalings'];

for (const dashboard of bundled) {
  for (const [theme, width] of [['dark', 1280], ['light', 1920]] as const) {
    test(`${dashboard.title}, ${theme}, ${width} wide`, async ({ page, visit }, info) => {
      // React warns in the one mode, and is faster in the other.
      const search = theme === 'light' ? '&react=production' : '';
      const panels = await opened(page, visit, dashboard, { open: true, search, theme, width });
      nameStandIns(panels, info);
      expect(problems(panels)).toEqual([]);
      expect(await overlaps(page)).toEqual([]);
      expect(await cut(page)).toEqual([]);
      const verdict = page.locator('[data-panel]', { has: page.getByRole('heading', { name: 'Task · Why · What to do' }) });
      if (dashboard.uid === 'flink-bottleneck') {
        expect(await verdict.getByRole('columnheader').allInnerTexts()).toEqual(['Task', 'Why', 'What to do']);
      }
    });
  }
}

test('every type of panel is drawn, and what is wrong is found', async ({ page, visit }, info) => {
  const panels = await opened(page, visit, everyPanel, { open: true, theme: 'dark', width: 1280 });
  nameStandIns(panels, info);
  expect(problems(panels)).toEqual([]);
  expect(panels.filter(({ standIn }) => standIn).map(({ type }) => type).sort()).toEqual(['alertlist', 'annolist', 'dashlist', 'gauge', 'heatmap', 'nodeGraph', 'state-timeline']);
  expect(await overlaps(page)).toEqual([]);
  expect(await cut(page)).toEqual([]);

  await page.addStyleTag({ content: '[data-panel="2"] { left: 0 !important } [role=gridcell] { max-height: 30px; overflow: hidden; white-space: pre-wrap !important }' });
  expect(await overlaps(page)).toEqual(['Jobs held back and Busiest']);
  expect((await cut(page)).length).toBeGreaterThan(0);
});

// The table has the columns, widths and height of that in "Flink: one job", and the root causes of all jobs.
for (const [theme, width] of [['dark', 1280], ['light', 1920]] as const) {
  test(`five tasks, why, and what to do are seen at once, ${width} wide`, async ({ page, visit }) => {
    await opened(page, visit, everyPanel, { theme, width });
    const [verdict] = await verdicts(page);
    expect(verdict?.table).toBe('What holds jobs back');
    expect(verdict?.rows).toBeGreaterThanOrEqual(5);
    expect(await cut(page)).toEqual([]);
  });
}

test('?var-job=… chooses, and All is all', async ({ page, visit }) => {
  const rows = (panels: PanelReport[]) => panels.find(({ title }) => title === 'What holds jobs back')?.rows;
  const view = { theme: 'dark', width: 1280 } as const;
  expect(rows(await opened(page, visit, everyPanel, { ...view, search: '&var-job=checkout&var-job=invoices' }))).toEqual([2]);
  await expect(page.getByRole('definition').nth(1)).toHaveText('checkout + invoices');
  expect(rows(await opened(page, visit, everyPanel, view))?.[0]).toBeGreaterThanOrEqual(8); // one has two root causes at times
  await expect(page.getByRole('definition').nth(1)).toHaveText('All');
});

/** Writes down of which panels this is not Grafana's own drawing. */
function nameStandIns(panels: PanelReport[], info: TestInfo) {
  for (const { drawnBy, title, type } of panels.filter(({ standIn }) => standIn)) {
    const description = `${title}: ${type} is drawn as ${drawnBy}, as Grafana's own is in no package`;
    info.annotations.push({ type: 'stand-in', description });
    console.log(`   stand-in: ${description}`);
  }
}

/** What breaks what the panels document, and panels without rows. */
const problems = (panels: PanelReport[]) =>
  panels.flatMap(({ problems: found, rows, title }) => [...found, ...(rows[0] === 0 && !mayBeEmpty.includes(title) ? ['there are no rows'] : [])].map((problem) => `${title}: ${problem}`));

/** Panels that lie over one another. */
const overlaps = (page: Page) =>
  page.evaluate(() => {
    const boxes = [...document.querySelectorAll('[data-panel], header')].map((element) => ({ name: element.querySelector('h1, h2')?.textContent ?? '', box: element.getBoundingClientRect() }));
    return boxes.flatMap((one, at) =>
      boxes
        .slice(at + 1)
        .filter(({ box }) => box.left < one.box.right && one.box.left < box.right && box.top < one.box.bottom && one.box.top < box.bottom)
        .map(({ name }) => `${one.name} and ${name}`)
    );
  });

/** The texts of cells that wrap and that do not show all of them; of a line too many the padding of 6 px above and below takes a part. */
const cut = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('[role=gridcell]')]
      .filter((cell) => getComputedStyle(cell).whiteSpace.startsWith('pre-'))
      .filter((cell) => cell.scrollWidth > cell.clientWidth + 1 || cell.scrollHeight > cell.clientHeight + 12)
      .map((cell) => ({ panel: cell.closest('[data-panel]')?.querySelector('h2')?.textContent ?? '', text: cell.textContent }))
  );

/** The tables that show a task, why and what to do, but not much else, and how many rows of each are seen whole. */
const verdicts = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('[data-panel] [role=grid]')].flatMap((grid) => {
      const columns = [...grid.querySelectorAll('[role=columnheader]')].map(({ textContent }) => textContent ?? '');
      if (columns.length > 4 || !['Task', 'Why', 'What to do'].every((name) => columns.includes(name))) {
        return [];
      }
      const { bottom } = grid.getBoundingClientRect();
      const whole = [...grid.querySelectorAll('[role=row]')].filter((row) => row.querySelector('[role=gridcell]')).filter((row) => {
        const cells = [...row.querySelectorAll('[role=gridcell]')].map((cell) => cell.getBoundingClientRect().bottom);
        return Math.max(...cells) <= bottom + 1;
      });
      return [{ table: grid.closest('[data-panel]')?.querySelector('h2')?.textContent ?? '', rows: whole.length }];
    })
  );
