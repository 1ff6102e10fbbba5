// Bundles the host page: `node e2e/browser/build.mjs`. With GRAFANA_UI=10.4 it
// is made of the packages in e2e/browser/grafana-10.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const older = process.env.GRAFANA_UI === '10.4';
const packages = older ? join(here, 'grafana-10') : resolve(here, '../..');

// The page's own files ask for packages from another folder than they lie in.
const fromPackages = {
  name: 'from-packages',
  setup({ onResolve, resolve: find }) {
    // One loader for all: Grafana 10.4 imports it too, by names without endings.
    onResolve({ filter: /^systemjs\/dist\// }, ({ path }) => ({ path: resolve(here, '../../node_modules', path.replace(/(\.js)?$/, '.js')) }));
    onResolve({ filter: /^[^./]/ }, ({ importer, kind, path, pluginData }) => {
      const own = dirname(importer) === join(here, 'host') && pluginData !== 'found';
      return own ? find(path, { kind, importer, resolveDir: packages, pluginData: 'found' }) : undefined;
    });
  },
};

// Where Grafana keeps the settings of data sources since 12; no package exports it.
const settingsCache = {
  name: 'settings-cache',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^settings-cache$/ }, () =>
      older
        ? { path: 'none', namespace: 'settings-cache' }
        : { path: join(packages, 'node_modules/@grafana/runtime/dist/esm/services/dataSource/settings.mjs') }
    );
    onLoad({ filter: /./, namespace: 'settings-cache' }, () => ({ contents: 'export const initDataSourceInstanceSettings = () => {};' }));
  },
};

/** React warns in the one mode and is as fast as in Grafana in the other. */
async function bundle(mode) {
  const outdir = join(here, 'output', older ? 'page-10.4' : 'page', mode);
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  const page = readFileSync(join(here, 'host/index.html'), 'utf8');
  writeFileSync(join(outdir, 'index.html'), page.replaceAll('{mode}', mode));
  await build({
    entryPoints: [join(here, 'host/boot.ts')],
    outdir,
    bundle: true,
    format: 'esm',
    splitting: true,
    minifyWhitespace: true,
    jsx: 'transform',
    target: 'es2022',
    loader: { '.ttf': 'file' },
    define: {
      'process.env.NODE_ENV': JSON.stringify(mode),
      'process.env': '{}',
      global: 'globalThis',
      // lodash and others must not take the page for an AMD loader.
      define: 'undefined',
    },
    logLevel: 'warning',
    logOverride: { 'package.json': 'silent' }, // systemjs has a type that no bundler knows
    plugins: [settingsCache, fromPackages],
  });
}

await Promise.all(['development', 'production'].map(bundle));
