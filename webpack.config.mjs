// Makes dist: module.js as Grafana loads it, and all that goes beside it.
import CopyWebpackPlugin from 'copy-webpack-plugin';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const plugin = JSON.parse(readFileSync('plugin.json', 'utf8'));

// What Grafana itself hands to a plugin: bundling a second copy would break
// hooks, themes and observables.
const shared = [
  'react', 'react-dom', 'rxjs', 'rxjs/operators', 'lodash', 'moment', 'prismjs',
  '@emotion/css', '@emotion/react',
  '@grafana/data', '@grafana/runtime', '@grafana/ui',
];

// Grafana and its catalogue show the README away from the repository.
const repository = plugin.info.links.find(({ name }) => name === 'repository').url;
const pictures = `${repository.replace('//github.com', '//raw.githubusercontent.com')}/main`;
const readme = (text) =>
  text.toString().replaceAll('](src/img/', `](${pictures}/src/img/`).replaceAll('](docs/', `](${repository}/blob/main/docs/`);

export default (_, { mode }) => ({
  mode,
  target: ['web', 'es2021'],
  // The catalogue wants the source map's names to begin here.
  context: resolve('src'),
  entry: { module: './module.ts' },
  devtool: mode === 'production' ? 'source-map' : 'eval-source-map',
  output: {
    path: resolve('dist'),
    filename: '[name].js',
    library: { type: 'amd' },
    publicPath: `public/plugins/${plugin.id}/`,
    uniqueName: plugin.id,
    // The backends live there too.
    clean: { keep: /^(gpx_|go_plugin_build_manifest)/ },
  },
  externals: shared,
  resolve: { extensions: ['.tsx', '.ts', '.mjs', '.js'] },
  module: { rules: [{ test: /\.tsx?$/, exclude: /node_modules/, use: 'swc-loader' }] },
  plugins: [
    new CopyWebpackPlugin({
      patterns: [
        '../plugin.json', '../CHANGELOG.md', '../LICENSE',
        { from: '../README.md', transform: readme },
        { from: 'img', to: 'img' },
        { from: 'dashboards', to: 'dashboards' },
      ],
    }),
  ],
  performance: { maxAssetSize: 250_000, maxEntrypointSize: 250_000 },
});
