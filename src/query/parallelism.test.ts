import { parallelismOf, textOf } from './parallelism';

test.each<[string, unknown]>([
  ['', {}],
  ['window = 8', { window: 8 }],
  ['Source: a -> b=c = 3; sink=$n;', { 'Source: a -> b=c': 3, sink: '$n' }],
  ['window', undefined],
  ['= 8', undefined],
  ['window = 0', undefined],
  ['window = many', undefined],
])('%j is read as %j', (text, want) => {
  expect(parallelismOf(text)).toEqual(want);
});

test.each<[unknown, string]>([
  [undefined, ''],
  [{ window: 8, sink: '$n' }, 'window = 8; sink = $n'],
  ['nonsense', ''],
])('%j is shown as %j', (value, want) => {
  expect(textOf(value)).toBe(want);
});
