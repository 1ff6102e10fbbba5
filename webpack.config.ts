import { resolve } from 'node:path';
import type { Configuration, RuleSetRule } from 'webpack';
import CopyWebpackPlugin from 'copy-webpack-plugin';
import { merge } from 'webpack-merge';

import { getPluginJson } from './.config/bundler/utils.ts';
import grafanaConfig, { type Env } from './.config/webpack/webpack.config.ts';

/**
 * Makes dist as Grafana's create-plugin does, in .config, but for what follows: one
 * bundle is for Grafana 10.4 to 13, and the README's links are whole ones.
 */
export default async function config(env: Env): Promise<Configuration> {
  const base = await grafanaConfig(env);
  return {
    ...merge(base, {
      target: ['web', 'es2021'],
      cache: { type: 'filesystem', buildDependencies: { config: [resolve('webpack.config.ts'), resolve('.swcrc')] } },
      plugins: [new CopyWebpackPlugin({ patterns: [{ from: '../README.md', transform: linked, force: true, priority: 10 }] })],
      performance: { maxAssetSize: 250_000, maxEntrypointSize: 250_000 },
    }),
    module: { ...base.module, rules: base.module?.rules?.map((rule) => (isScript(rule) ? { ...rule, use: 'swc-loader' } : rule)) },
  };
}

/** The rule for TypeScript: .swcrc has what the browsers of these Grafanas run. */
const isScript = (rule: unknown): rule is RuleSetRule =>
  typeof rule === 'object' && rule !== null && 'test' in rule && rule.test instanceof RegExp && rule.test.test('a.tsx') && !rule.test.source.includes('module');

const links: Array<{ name: string; url: string }> = getPluginJson().info.links;
const repository = links.find(({ name }) => name === 'repository')?.url ?? '';
const pictures = `${repository.replace('//github.com', '//raw.githubusercontent.com')}/main`;

/** Grafana and its catalogue show the README away from the repository. */
const linked = (text: Buffer) =>
  text.toString().replaceAll('](src/img/', `](${pictures}/src/img/`).replaceAll('](docs/', `](${repository}/blob/main/docs/`);
