import { bundled } from './dashboards';
import { expect, test } from './fixtures';
import { older } from './older';

test.skip(older, 'its packages lack the table that draws dashboards');

for (const { title, uid } of bundled) {
  test(`${title}, imported before the data source is filled in, says what is missing`, async ({ configure, faults, page }) => {
    faults.expect(/api\/ds\/query|\/resources\//);
    await configure({ jsonData: {} });
    await page.goto(`/dashboard?uid=${uid}`);
    await expect(page.getByRole('alert')).toContainText('No Flink address is configured: enter the URL');
  });
}
