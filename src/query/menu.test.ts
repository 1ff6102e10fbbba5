import { menu, typed } from './menu';

const many = Array.from({ length: 50_000 }, (_, i) => `task ${i}`);

test('a menu shows every name of few', () => {
  expect(menu(['orders', 'clicks'], '').map(({ value }) => value)).toEqual(['orders', 'clicks']);
});

test('a menu shows the names that hold what was typed, whatever its case and the spaces around it', () => {
  expect(menu(['Orders', 'clicks', 'reorder'], ' oRDer ').map(({ value }) => value)).toEqual(['Orders', 'reorder']);
});

test('a menu shows the first of many and says how many more there are', () => {
  const options = menu(many, 'task');
  expect(options).toHaveLength(101);
  expect(options.at(-1)).toMatchObject({ label: '49900 more: type a part of the name', isDisabled: true });
});

test.each([
  ['orders', 'Exactly this name: orders'],
  ['/^etl-/', 'Regular expression, anywhere in the name: /^etl-/'],
  ['/(/', '/(/: This is not a regular expression: a bracket is open, or something to repeat is missing.'],
  ['/', 'Exactly this name: /'],
  ['${job}', 'Variable: ${job}'],
])('%s is offered as what it is', (text, want) => {
  expect(typed(text)).toBe(want);
});
