import { type AdHocVariableFilter } from '@grafana/data';

import { type FlinkQuery, type Listing } from '../types';
import { isExpression, matches } from './expression';
import { names } from './interpolate';
import { kinds, takes } from './queryTypes';

/** The lists of a query that filters narrow down. */
type Narrowed = 'clusters' | 'jobs' | 'tasks' | 'hosts' | 'kinds';

/** The keys that a dashboard's ad hoc filters may have, and the list of the query that each narrows down. */
export const filterKeys: Record<string, Narrowed> = { cluster: 'clusters', job: 'jobs', task: 'tasks', host: 'hosts', kind: 'kinds' };

/** What ad hoc filters are taken from: a dashboard's list of them. */
type Filter = Pick<AdHocVariableFilter, 'key' | 'operator' | 'value' | 'values'>;

/** A name that nothing has: a list of it alone chooses nothing, while an empty one chooses all. */
const nothing = '/[^\\s\\S]/';

/** What Grafana calls a variable at "All". */
const all = '$__all';

/**
 * Narrows a query down by the dashboard's ad hoc filters: its lists of names then hold
 * what both choose. A list that its type has no use for is in a notice of the answer.
 * It throws a sentence where lists of names cannot express a filter.
 */
export function filtered(query: FlinkQuery, filters: Filter[] = []): FlinkQuery {
  return filters.reduce((query, filter) => {
    const list = filterKeys[filter.key];
    return list && wanted(query, list) ? { ...query, [list]: narrowed(names(query[list]), filter) } : query;
  }, query);
}

/** A list of names is what one chooses from: filters that it has no use for do not matter there. */
const wanted = (query: FlinkQuery, list: Narrowed) => query.queryType !== 'variable' || (list !== 'hosts' && list !== 'kinds' && takes(query, list));

function narrowed(chosen: string[], filter: Filter): string[] {
  const before = chosen.includes(all) ? [] : chosen.filter((text) => text !== '');
  const wanted = wantedBy(filter);
  if (before.length === 0) {
    return wanted;
  }
  const kept = wanted.flatMap((want) => both(want, before, filter));
  return kept.length > 0 ? [...new Set(kept)] : [nothing];
}

/** What the filter alone chooses. */
function wantedBy({ key, operator, value, values }: Filter): string[] {
  switch (operator) {
    case '=':
      return [value];
    case '=|':
      return values?.length ? values : [value];
    case '=~':
      return [`/${value}/`];
    default:
      throw new Error(`The filter ${key} ${operator} ${value} cannot be applied: a query names what it wants, so use =, =| or =~.`);
  }
}

/** What of a name or expression that a filter wants the query has chosen, too. */
function both(want: string, chosen: string[], { key, operator, value }: Filter): string[] {
  if (chosen.includes(want)) {
    return [want];
  }
  if (!isExpression(want)) {
    return chosen.some((text) => isExpression(text) && matches(text, want)) ? [want] : [];
  }
  if (chosen.some(isExpression)) {
    throw new Error(`The filter ${key} ${operator} ${value} cannot be applied to a query that chooses by a regular expression, too: use = or =|.`);
  }
  return chosen.filter((name) => matches(want, name));
}

/** What one filter is about. */
type Named = Pick<Filter, 'key' | 'operator' | 'value'>;

/** Where the values of a filter come from: names to choose from as they are, or a list of the backend's. */
type Values = { names: string[] } | { list: Listing; chosen: Pick<FlinkQuery, 'clusters' | 'jobs'> };

/** The values of a filter, among what other filters chose exactly. */
export function valuesOf(key: string, others: Named[] = []): Values {
  const list = filterKeys[key];
  if (!list || list === 'kinds') {
    return { names: list ? kinds : [] };
  }
  const chose = (other: string) => others.filter(({ key, operator }) => key === other && operator === '=').map(({ value }) => value);
  return { list, chosen: { clusters: key === 'cluster' ? [] : chose('cluster'), jobs: key === 'task' || key === 'host' ? chose('job') : [] } };
}
