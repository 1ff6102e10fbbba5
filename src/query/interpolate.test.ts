import type { ScopedVars } from '@grafana/data';

import type { FlinkQuery } from '../types';
import { interpolated, interpolatedAll } from './interpolate';

type Value = string | string[];
type Format = (value: Value, variable: { name: string }) => string;

/** Dashboard variables as Grafana fills them in: "All" stands for all values. */
function dashboard(variables: Record<string, Value>, options: Record<string, string[]> = {}, more: object = {}) {
  return {
    getVariables: () => Object.entries(variables).map(([name, value]) => ({ name, type: 'query', current: { value }, ...more })) as never,
    replace: (text = '', scoped?: ScopedVars, format?: unknown) =>
      text.replace(/\$\{(\w+)\}|\$(\w+)/g, (whole, braced: string, bare: string) => {
        const name = braced ?? bare;
        const value = scoped?.[name]?.value ?? variables[name];
        const values = [value].flat().includes('$__all') ? options[name] : value;
        return values === undefined ? whole : (format as Format)(values, { name });
      }),
  };
}

describe('a list of names', () => {
  const templates = dashboard({ job: ['orders', 'clicks'], env: 'prod', task: '$__all', empty: '' }, { task: ['map', 'sink'] });

  test.each<[string, string[], string[]]>([
    ['stays as it is without variables', ['orders', '/^etl-/'], ['orders', '/^etl-/']],
    ['takes the value of a variable', ['$env'], ['prod']],
    ['takes each of several values as an element', ['${job}', 'other'], ['orders', 'clicks', 'other']],
    ['takes each of several values into a longer text', ['etl-${job}-$env'], ['etl-orders-prod', 'etl-clicks-prod']],
    ['takes a variable that stands twice the same', ['$env/$env'], ['prod/prod']],
    ['takes one into a regular expression, unescaped', ['/^${env}-.*/'], ['/^prod-.*/']],
    ['leaves "All" to the backend', ['$task'], ['$__all']],
    ['takes all values where "All" is a part of a text', ['my-$task'], ['my-map', 'my-sink']],
    ['leaves a regular expression’s end of line', ['/^a$/'], ['/^a$/']],
    ['leaves a variable that the dashboard lacks', ['$absent'], ['$absent']],
    ['keeps an empty value', ['$empty'], ['']],
    ['is empty where nothing was chosen', [], []],
  ])('%s', (_, texts, want) => {
    expect(interpolatedAll(texts, templates)).toEqual(want);
  });

  test('takes one value where a panel is repeated by a variable at "All"', () => {
    expect(interpolatedAll(['$task'], templates, { task: { value: 'sink', text: 'sink' } })).toEqual(['sink']);
  });

  test.each([
    ['chosen by hand', { type: 'custom' }],
    ['narrowed by a pattern', { regex: '/^team-a/' }],
    ['with a value of its own for all', { allValue: '.*' }],
  ])('takes what a variable offers that is %s', (_, more) => {
    expect(interpolatedAll(['$task'], dashboard({ task: '$__all' }, { task: ['map', 'sink'] }, more))).toEqual(['map', 'sink']);
  });

  test('takes one text for a list of one', () => {
    expect(interpolatedAll('$job', templates)).toEqual(['orders', 'clicks']);
  });

  test.each<[unknown, string[]]>([
    [undefined, []],
    [null, []],
    [[7, null, 'orders', { name: 'x' }], ['7', 'orders']],
  ])('is what can be read of %j', (list, want) => {
    expect(interpolatedAll(list, templates)).toEqual(want);
  });

  test('is bounded', () => {
    const many = Array.from({ length: 100 }, (_, i) => `v${i}`);
    expect(interpolatedAll(['$a-$b'], dashboard({ a: many, b: many }))).toHaveLength(1000);
  });
});

test('a query keeps what is not a list, and is not changed in place', () => {
  const query: FlinkQuery = { refId: 'A', queryType: 'measure', measure: '$job', jobs: ['$job'] };
  const kept = structuredClone(query);
  expect(interpolated(query, dashboard({ job: ['orders'] }))).toEqual({ ...query, jobs: ['orders'] });
  expect(query).toEqual(kept);
});

test.each<[FlinkQuery['subtask'], FlinkQuery['subtask']]>([
  ['$subtask', '2'],
  ['$several', '1'],
  ['$any', '$__all'],
  ['7', '7'],
  [7, '7'],
  [undefined, undefined],
])('the subtask %j becomes %j', (subtask, want) => {
  const templates = dashboard({ subtask: '2', several: ['1', '3'], any: '$__all' }, { any: ['0', '1'] });
  expect(interpolated({ refId: 'A', subtask }, templates).subtask).toBe(want);
});
