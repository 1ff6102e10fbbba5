import { addressFault, clusterNames, durationFault, nameFault } from './faults';

test.each<[string | undefined, string | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['   ', undefined],
  ['http://flink:8081', undefined],
  ['https://proxy.example/flink/', undefined],
  [' http://flink:8081 ', undefined],
  ['flink:8081', 'Begin with http:// or https://.'],
  ['ftp://flink', 'Begin with http:// or https://.'],
  ['🦫', 'Begin with http:// or https://.'],
  ['http://', 'This is no address: write it like http://jobmanager:8081.'],
  ['http://a b', 'This is no address: write it like http://jobmanager:8081.'],
  ['http://flink/?a=b', 'Leave out what follows ? or #.'],
  ['http://me:secret@flink', 'Leave user and password out: they belong under Authentication.'],
])('address %j', (text, want) => {
  expect(addressFault(text)).toBe(want);
});

test.each<[string, string[], string | undefined]>([
  ['east', ['default', 'east'], undefined],
  ['', ['default', ''], 'Give the cluster a name.'],
  [' ', ['default', ' '], 'Give the cluster a name.'],
  ['east', ['east', 'east'], 'Another cluster has this name.'],
  ['east', ['east', ' east '], 'Another cluster has this name.'],
])('name %j among %j', (name, all, want) => {
  expect(nameFault(name, all)).toBe(want);
});

test('the first cluster is called default unless it has a name', () => {
  expect(clusterNames(undefined, [{ name: 'east', url: '' }])).toEqual(['default', 'east']);
  expect(clusterNames('west')).toEqual(['west']);
});

test.each<[string | undefined, boolean]>([
  [undefined, true],
  ['', true],
  ['2s', true],
  ['1m30s', true],
  ['1.5h', true],
  ['0', true],
  ['2', false],
  ['2 s', false],
  ['-2s', false],
  ['soon', false],
])('duration %j', (text, good) => {
  expect(durationFault(text) === undefined).toBe(good);
});
