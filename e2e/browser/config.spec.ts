import { type Page } from '@playwright/test';

import { option } from './editor';
import { expect, test } from './fixtures';

const found = 'Flink 2.3.0, 5 running jobs, 2 TaskManagers. Metrics are fetched every 10s; they arrive: ';

const saveAndTest = (page: Page) => page.getByRole('button', { name: 'Save & test' }).click();

/** Opens a part of the page that is closed at first. */
const open = (page: Page, title: string) => page.getByRole('button', { name: `Expand section ${title}` }).click();

test('a data source is filled in, saved, and answers with what it found', async ({ addresses, configure, page, state, visit }) => {
  await configure({ jsonData: {} });
  await visit('/config');
  await page.getByLabel('Address').fill(` ${addresses.normal} `);
  await page.getByLabel('Flink UI URL').fill('https://flink.example');
  await page.getByLabel('Cluster name').fill('west');
  await open(page, 'Further clusters');
  await page.getByRole('button', { name: 'Add cluster' }).click();
  await page.getByLabel('Name of cluster 2').fill('gone');
  await page.getByRole('button', { name: 'Add cluster' }).click();
  await page.getByLabel('Name of cluster 3').fill('east');
  await page.getByLabel('Address of cluster 3').fill(addresses.east);
  await page.getByLabel('Flink UI URL of cluster 3').fill('https://east.example');
  await page.getByRole('button', { name: 'Remove cluster gone' }).click();
  await open(page, 'Limits');
  await page.getByLabel('Time-out').fill('5');
  await page.getByLabel('Requests at once').fill('4');
  await page.getByLabel('Reuse an answer for').fill('500ms');
  await saveAndTest(page);
  const outcome = page.getByRole('status');
  await expect(outcome).toContainText(/2 clusters, 6 running jobs, 4 TaskManagers: \d+ of \d+ tasks measured\./);
  await expect(outcome).toContainText('Next: import the dashboards');
  expect((await state()).saved).toMatchObject({
    url: '',
    jsonData: {
      url: addresses.normal, webUrl: 'https://flink.example', clusterName: 'west', clusters: [{ name: 'east', url: addresses.east, webUrl: 'https://east.example' }],
      timeoutSeconds: 5, maxConcurrency: 4, maxAge: '500ms',
    },
  });
});

test('where one of two clusters fails, each stands on a line of its own', async ({ addresses, configure, faults, page, visit }) => {
  faults.expect(/\/health$/);
  await configure({ jsonData: { url: addresses.normal, clusterName: 'west', clusters: [{ name: 'page', url: addresses.page }] } });
  await visit('/config');
  await saveAndTest(page);
  const outcome = page.getByRole('alert');
  await expect(outcome).toContainText('page: ');
  await outcome.locator('details').click();
  const lines = (await outcome.locator('details').innerText()).split('\n');
  expect(lines.filter((line) => line.startsWith('west: Flink 2.3.0, 5 running jobs') || line.startsWith('page: '))).toHaveLength(2);
});

test('what is saved is shown again', async ({ addresses, configure, page, visit }) => {
  await configure({ jsonData: { url: addresses.normal, clusterName: 'west', clusters: [{ name: 'east', url: addresses.east }], timeoutSeconds: 2.5 } });
  await visit('/config');
  await expect(page.getByLabel('Address', { exact: false }).first()).toHaveValue(addresses.normal);
  await expect(page.getByLabel('Cluster name')).toHaveValue('west');
  await expect(page.getByLabel('Address of cluster 2')).toHaveValue(addresses.east);
  await open(page, 'Limits');
  await expect(page.getByLabel('Time-out')).toHaveValue('2.5');
});

test('Prometheus has TLS settings of its own, which are kept and reset', async ({ addresses, configure, faults, page, state, visit }) => {
  faults.expect(/\/health$/);
  await configure({ jsonData: { url: addresses.normal } });
  await visit('/config');
  await open(page, 'Prometheus');
  await page.getByLabel('Prometheus address').fill('http://prometheus:9090');
  await expect(page.getByLabel('Prometheus has a CA of its own')).toHaveCount(0);
  await page.getByLabel('Prometheus address').fill('https://prometheus:9090');
  for (const name of ['Prometheus has a CA of its own', 'Prometheus wants a client certificate', 'Skip the check of Prometheus’ certificate']) {
    await page.getByLabel(name).press('Space');
  }
  await page.getByLabel('CA certificate of Prometheus').fill('a CA');
  await page.getByLabel('Client certificate for Prometheus').fill('a certificate');
  await page.getByLabel('Client key for Prometheus').fill('a key');
  await page.getByLabel('Server name of Prometheus').fill('prometheus.example');
  const kept = { url: 'https://prometheus:9090', tlsAuthWithCACert: true, tlsAuth: true, tlsSkipVerify: true, serverName: 'prometheus.example' };
  await saveAndTest(page);
  // Certificates that are none are named.
  await expect(page.getByText("The data source's settings of Prometheus cannot be used")).toBeVisible();
  expect((await state()).saved).toMatchObject({
    jsonData: { prometheus: kept },
    secureJsonData: { prometheusTlsCACert: 'a CA', prometheusTlsClientCert: 'a certificate', prometheusTlsClientKey: 'a key' },
  });
  await visit('/config');
  await expect(page.getByLabel('CA certificate of Prometheus')).toHaveValue('configured');
  await page.getByRole('button', { name: 'Reset' }).first().click();
  await expect(page.getByLabel('CA certificate of Prometheus')).toHaveValue('');
});

test('a bearer token is sent, kept, and reset', async ({ addresses, configure, faults, page, state, visit }) => {
  await configure({ jsonData: { url: addresses.guarded } });
  faults.expect(/\/health$/);
  await visit('/config');
  await saveAndTest(page);
  await expect(page.getByText('was refused with 401 Unauthorized: check the authentication')).toBeVisible();
  await page.getByRole('combobox', { name: 'Authentication method' }).click();
  await option(page, 'Bearer token').click();
  await page.getByLabel('Token').fill('battery-staple');
  await saveAndTest(page);
  await expect(page.getByText(found)).toBeVisible();
  await visit('/config');
  await expect(page.getByLabel('Token')).toHaveValue('configured');
  await page.getByRole('button', { name: 'Reset' }).click();
  await expect(page.getByLabel('Token')).toHaveValue('');
  await saveAndTest(page);
  await expect(page.getByText('was refused with 401 Unauthorized')).toBeVisible();
  expect((await state()).saved.secureJsonData).toMatchObject({ bearerToken: '' });
});

test('a user and a password are sent', async ({ addresses, configure, page, state, visit }) => {
  await configure({ jsonData: { url: addresses.guarded } });
  await visit('/config');
  await page.getByRole('combobox', { name: 'Authentication method' }).click();
  await option(page, 'Basic authentication').click();
  await page.getByPlaceholder('User').fill('grafana');
  await page.getByPlaceholder('Password').fill('correct horse');
  await saveAndTest(page);
  await expect(page.getByText(found)).toBeVisible();
  expect((await state()).saved).toMatchObject({ basicAuth: true, basicAuthUser: 'grafana', secureJsonData: { basicAuthPassword: 'correct horse' } });
});

test('the page is filled in by keyboard alone', async ({ addresses, configure, page, visit }) => {
  await configure({ jsonData: {} });
  await visit('/config');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'view the documentation' })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Address')).toBeFocused();
  await page.keyboard.type(addresses.normal);
  await page.keyboard.press('Tab');
  await page.keyboard.type('west');
  const save = page.getByRole('button', { name: 'Save & test' });
  for (let presses = 0; presses < 30 && !(await save.evaluate((button) => button === document.activeElement)); presses++) {
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await expect(page.getByText(found)).toBeVisible();
});
