import { type FlinkQuery, schemaVersion } from '../types';

/** A question that somebody has, and the query that answers it. */
export interface Example {
  question: string;
  /** What the answer has, and the panel for it. */
  answer: string;
  query: Omit<FlinkQuery, 'refId'>;
}

const example = (question: string, answer: string, query: Omit<FlinkQuery, 'refId'>): Example => ({ question, answer, query: { schemaVersion, ...query } });

/** The queries that the help offers, in the order in which one looks into a problem. */
export const examples: Example[] = [
  example('Which task holds a job back, why, and what helps?', 'A table, worst first.', { queryType: 'bottlenecks' }),
  example('Where in the job is it?', 'A graph in Flink’s colours, for the Node graph panel.', { queryType: 'nodeGraph' }),
  example('Since when, and how much?', 'Severity of each job over time, 0 to 1, for the Time series panel.', { queryType: 'history', measure: 'bottleneck', by: 'job' }),
  example('Did the bottleneck move?', 'The status of each task over time, for the State timeline panel.', { queryType: 'timeline' }),
  example('Is one subtask, or one machine, hot?', 'A table, a row a subtask, with its host.', { queryType: 'subtasks' }),
  example('How many records a second does each task send?', 'A series a task, for the Time series panel.', { queryType: 'history', measure: 'records_out', by: 'task' }),
  example('Which parallelism does each task need?', 'A table; under “What if” enter another one.', { queryType: 'scaling' }),
  example('Where does the code spend its time?', 'Of the task that the verdict names, for the Flame graph panel.', { queryType: 'flameGraph' }),
  example('Alert when a streaming job is held back', 'A number a job: alert above 0.5.', { queryType: 'measure', measure: 'bottleneck', by: 'job', types: ['STREAMING'] }),
];
