import grafana from '@grafana/eslint-config';

export default [
  // .config is as create-plugin generates it.
  { ignores: ['.config/', 'dist/', 'coverage/', '**/node_modules/', 'e2e/browser/output/', 'e2e/flink/target/'] },
  ...grafana.map((config) => ({
    ...config,
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    // Its options are not those of the plugin's present version.
    rules: { ...config.rules, '@stylistic/type-annotation-spacing': 'off' },
  })),
  {
    // Fixtures of Playwright's are given a function called use; and the page
    // that stands in for Grafana hands out moment as Grafana does.
    files: ['e2e/browser/**/*.ts'],
    rules: { 'react-hooks/rules-of-hooks': 'off', 'no-restricted-imports': 'off' },
  },
];
