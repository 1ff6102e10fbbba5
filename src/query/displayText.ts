import { type FlinkQuery } from '../types';
import { names } from './interpolate';
import { detailOf, jobTypeOf, measureOf, modes, queryType, seriesOf, takes, typeless, variables } from './queryTypes';
import { textOf } from './parallelism';

/** A query in a line, as the query history and the inspector show it. */
export function displayText(saved: FlinkQuery): string {
  const query: FlinkQuery = saved.queryType ? saved : { ...saved, ...typeless() };
  const type = queryType(query.queryType);
  if (!type) {
    return `Unknown query type “${String(query.queryType).slice(0, 100)}”`;
  }
  const chosen = (['clusters', 'jobs', 'tasks'] as const).filter((list) => takes(query, list) && names(query[list]).length > 0).map((list) => `${list} ${names(query[list]).join(', ')}`);
  return [type.label + aboutOf(query), ...chosen, ...detailsOf(query)].join(' · ').slice(0, most);
}

/** As long as a line may be, in characters. */
const most = 500;

/** What the answer is about: a measure, or a list of names. */
function aboutOf(query: FlinkQuery): string {
  if (takes(query, 'measure')) {
    return `: ${(measureOf(query)?.label ?? String(query.measure)).toLowerCase()} per ${query.by || (seriesOf(query)[0] ?? 'job')}`;
  }
  if (takes(query, 'variable')) {
    return query.variable ? `: ${variables.find(({ value }) => value === query.variable)?.label ?? String(query.variable)}` : '';
  }
  return query.queryType === 'timeline' ? ` per ${query.by || 'task'}` : '';
}

function detailsOf(query: FlinkQuery): string[] {
  const details: string[] = [];
  const types = jobTypeOf(query.types);
  if (takes(query, 'types') && types !== 'all') {
    details.push(`${types.toLowerCase()} jobs`);
  }
  if (takes(query, 'detail') && query.detail) {
    details.push((detailOf(query)?.label ?? 'details').toLowerCase());
  }
  if (takes(query, 'subtask') && query.subtask !== undefined && query.subtask !== '') {
    details.push(`subtask ${query.subtask}`);
  }
  if (takes(query, 'mode') && query.mode) {
    details.push((modes.find(({ value }) => value === query.mode)?.label ?? String(query.mode)).toLowerCase());
  }
  if (takes(query, 'parallelism') && textOf(query.parallelism) !== '') {
    details.push(`what if ${textOf(query.parallelism)}`);
  }
  return details;
}
