import { type FlinkQuery } from '../types';
import { displayText } from './displayText';
import { queryTypes } from './queryTypes';

test.each<[Partial<FlinkQuery>, string]>([
  [{}, 'Bottlenecks'],
  [{ queryType: 'bottlenecks', jobs: ['orders', '/^etl-/'], clusters: ['prod'] }, 'Bottlenecks · clusters prod · jobs orders, /^etl-/'],
  [{ queryType: 'history', measure: 'busy', by: 'task', jobs: ['$job'] }, 'History: busy per task · jobs $job'],
  [{ queryType: 'measure', types: ['STREAMING'] }, 'Measure: bottleneck per job · streaming jobs'],
  [{ queryType: 'measure', measure: 'up', jobs: ['orders'] }, 'Measure: up per cluster'],
  [{ queryType: 'timeline' }, 'Timeline per task'],
  [{ queryType: 'timeline', by: 'job' }, 'Timeline per job'],
  [{ queryType: 'subtasks', detail: true, tasks: ['sink'] }, 'Subtasks · tasks sink · buffers and soft/hard backpressure'],
  [{ queryType: 'flameGraph', subtask: 3, mode: 'on_cpu' }, 'Flame graph · subtask 3 · on-cpu'],
  [{ queryType: 'scaling', parallelism: { window: 8 } }, 'Scaling · what if window = 8'],
  [{ queryType: 'variable', variable: 'taskmanagers' }, 'Names: TaskManagers'],
  [{ queryType: 'jobs', tasks: ['sink'] }, 'Jobs'],
  [{ queryType: 'jobs', detail: true }, 'Jobs · course of severity, and restarts'],
  [{ queryType: 'icicles' }, 'Unknown query type “icicles”'],
])('%j is shown as %s', (query, want) => {
  expect(displayText({ refId: 'A', ...query })).toBe(want);
});

test('no query is shown as JSON, however it was saved', () => {
  for (const { value } of queryTypes) {
    const saved = { refId: 'A', queryType: value, jobs: 7, tasks: [null, { a: 1 }], types: 'x', by: undefined, parallelism: 'x' };
    expect(displayText(saved as unknown as FlinkQuery)).not.toMatch(/[{}[\]]|undefined|null/);
  }
  expect(displayText({ refId: 'A', queryType: 'jobs', jobs: ['x'.repeat(10_000)] }).length).toBeLessThanOrEqual(500);
});
