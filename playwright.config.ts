import { type PluginOptions } from '@grafana/plugin-e2e';
import { defineConfig, type PlaywrightTestConfig, type Project } from '@playwright/test';
import { existsSync } from 'node:fs';

/** The built plugin in a page of Grafana's packages, before simulated Flinks, once for each worker; a port of 0 is chosen by the server. */
const port = Number(process.env.BROWSER_PORT ?? 0);
const workers = 2;
const older = process.env.GRAFANA_UI === '10.4';
const packages = older ? 'e2e/browser/grafana-10/node_modules' : 'node_modules';
const output = 'e2e/browser/output';

/** The headless shell is Chromium without its own menus, which load some 400 scripts for each page. */
const chromium = process.env.CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);

const browser: Project = { name: older ? 'Grafana 10.4' : 'Grafana 13', testDir: 'e2e/browser' };

/**
 * The same journeys in short in the Grafana at GRAFANA_URL. That of
 * docker-compose.yaml wants no login; another one gets GRAFANA_USER's.
 */
const login = process.env.GRAFANA_USER;
const grafana: NonNullable<PlaywrightTestConfig<PluginOptions>['projects']> = [
  { name: 'real Grafana', testDir: 'e2e/grafana', dependencies: login ? ['login'] : [], use: login ? { storageState: `playwright/.auth/${login}.json` } : {} },
];
if (login) {
  const user = { user: login, password: process.env.GRAFANA_PASSWORD ?? '' };
  grafana.push({ name: 'login', testDir: 'node_modules/@grafana/plugin-e2e/dist/auth', testMatch: /auth\.setup\.js/, use: { user, grafanaAPICredentials: user } });
}

const real = process.env.GRAFANA_URL;

export default defineConfig<PluginOptions>({
  projects: real ? grafana : [browser],
  outputDir: `${output}/results`,
  reporter: 'list',
  workers: real ? 1 : workers,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    baseURL: real, // else fixtures.ts sets it
    viewport: { width: 1280, height: 1000 },
    trace: 'off', // it costs a fifth of the time: npm run e2e -- --trace on
    contextOptions: { reducedMotion: 'reduce' }, // colours are then the final ones at once
    launchOptions: {
      executablePath: chromium,
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    },
  },
  webServer: real
    ? undefined
    : {
        // The server is the shell's last command, so that it is ended itself.
        command: [
          'node e2e/browser/build.mjs',
          `go build -o ${output}/server ./e2e/browser/server`,
          `exec ${output}/server -port ${port} -count ${workers} -parent ${process.pid} -log ${output}/plugin.log -page ${output}/${older ? 'page-10.4' : 'page'} -icons ${packages}/@grafana/ui/dist/public/img/icons`,
        ].join(' && '),
        wait: { stdout: /Listening on (?<browser_address_0>http:\S+) (?<browser_address_1>http:\S+)/ },
        timeout: 180_000,
        stdout: 'pipe',
      },
});
