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

// Grafana shows the README away from its pictures' folder.
const readme = (text) => text.toString().replaceAll('](src/img/', `](public/plugins/${plugin.id}/img/`);

export default (_, { mode }) => ({
  mode,
  target: ['web', 'es2021'],
  entry: { module: './src/module.ts' },
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
        'plugin.json', 'CHANGELOG.md', 'LICENSE',
        { from: 'README.md', transform: readme },
        { from: 'src/img', to: 'img', noErrorOnMissing: true },
        { from: 'src/dashboards', to: 'dashboards', noErrorOnMissing: true },
      ],
    }),
  ],
  performance: { maxAssetSize: 250_000, maxEntrypointSize: 250_000 },
});
