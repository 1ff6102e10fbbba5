import { readable } from './readable';

test('settings that are as they should be stay so', () => {
  const settings = {
    url: 'http://flink:8081', webUrl: 'https://flink.example', clusterName: 'west', clusters: [{ name: 'east', url: 'http://east:8081', webUrl: 'https://east.example' }],
    timeoutSeconds: 2.5, maxConcurrency: 4, maxAge: '2s', oauthPassThru: true, httpHeaderName1: 'X-Team',
    history: { retention: '6h', maxMemoryMiB: 128, idleAfter: '30m' }, prometheus: { url: 'https://prometheus:9090', user: 'me', tenant: 'a', serverName: 'p', tlsAuthWithCACert: true, tlsAuth: false, tlsSkipVerify: true },
  };
  expect(readable(settings)).toEqual(settings);
});

test.each<[string, unknown, Record<string, unknown>]>([
  ['nothing', undefined, {}],
  ['null', null, {}],
  ['blank keys', { url: null, clusters: null, maxAge: null, timeoutSeconds: null, history: null, prometheus: null }, {}],
  ['numbers for texts', { url: 8081, maxAge: 2 }, { url: '8081', maxAge: '2' }],
  ['texts for numbers', { timeoutSeconds: '5', maxConcurrency: 'many' }, { timeoutSeconds: 5 }],
  ['clusters that lack a key', { clusters: [{ name: 'x' }, null, { url: 1 }] }, { clusters: [{ name: 'x', url: '' }, { name: '', url: '' }, { name: '', url: '1' }] }],
  ['clusters that are none', { clusters: 'x' }, {}],
  ['no clusters', { clusters: [] }, {}],
])('%s can be shown', (_, saved, want) => {
  expect(readable(saved)).toEqual({ history: {}, prometheus: {}, ...want });
});
