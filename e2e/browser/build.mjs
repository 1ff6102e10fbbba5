// Bundles the host page: `node e2e/browser/build.mjs`. With GRAFANA_UI=10.4 it
// is made of the packages in e2e/browser/grafana-10.
import { build } from 'esbuild';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
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
      const own = importer.startsWith(join(here, 'host')) && pluginData !== 'found';
      return own ? find(path, { kind, importer, resolveDir: packages, pluginData: 'found' }) : undefined;
    });
  },
};

// CommonJS whose default export is not all that it exports: Node and esbuild hand it to
// modules as { default }, Grafana's own bundler does not.
const defaults = {
  name: 'defaults',
  setup({ onLoad, onResolve, resolve: find }) {
    onResolve({ filter: /^react-custom-scrollbars-2$/ }, async ({ importer, path, pluginData, resolveDir }) =>
      pluginData === 'found' ? undefined : { ...(await find(path, { importer, kind: 'require-call', resolveDir, pluginData: 'found' })), namespace: 'defaults' }
    );
    onLoad({ filter: /./, namespace: 'defaults' }, ({ path }) => ({ contents: `module.exports = require(${JSON.stringify(path)}).default;`, resolveDir: dirname(path) }));
  },
};

// Grafana 10.4's packages lack the tables of today, and the page that draws dashboards needs them.
const noDashboards = {
  name: 'no-dashboards',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dashboard[\\/](Dashboard|Explore)Page\.tsx$/ }, ({ path }) => ({ contents: `export const ${basename(path, '.tsx')} = () => null;` }));
  },
};

// Where Grafana keeps the settings of data sources since 12; no package exports it.
const settingsCache = {
  name: 'settings-cache',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^settings-cache$/ }, () =>
      older
        ? { path: 'none', namespace: 'settings-cache' }
        : { path: realpathSync(join(packages, 'node_modules/@grafana/runtime/dist/esm/services/dataSource/settings.mjs')) } // as esbuild names it, or there are two caches
    );
    onLoad({ filter: /./, namespace: 'settings-cache' }, () => ({ contents: 'export const initDataSourceInstanceSettings = () => {};' }));
  },
};

/** React warns in the one mode and is as fast as in Grafana in the other. */
async function bundle(mode) {
  const outdir = join(here, 'output', older ? 'page-10.4' : 'page', mode);
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
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
    plugins: [settingsCache, fromPackages, defaults, ...(older ? [noDashboards] : [])],
  });
  const page = readFileSync(join(here, 'host/index.html'), 'utf8');
  const styled = existsSync(join(outdir, 'boot.css')) ? page : page.replace(/.*rel="stylesheet".*\n/, '');
  writeFileSync(join(outdir, 'index.html'), styled.replaceAll('{mode}', mode));
}

await Promise.all(['development', 'production'].map(bundle));
