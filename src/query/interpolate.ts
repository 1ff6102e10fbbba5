import { type ScopedVars } from '@grafana/data';
import { type TemplateSrv } from '@grafana/runtime';

import { type FlinkQuery } from '../types';

/** What Grafana calls a variable at "All", and the backend takes for all. */
const all = '$__all';

/** As many elements as one text may become: a mistake, not a wish, beyond. */
const most = 1000;

type Templates = Pick<TemplateSrv, 'replace' | 'getVariables'>;

/**
 * Fills the dashboard's variables into the query: of one with several values
 * each becomes an element of its own, unescaped.
 */
export function interpolated(query: FlinkQuery, templates: Templates, scopedVars?: ScopedVars): FlinkQuery {
  const next = { ...query };
  for (const key of ['clusters', 'jobs', 'tasks'] as const) {
    if (query[key]) {
      next[key] = interpolatedAll(query[key], templates, scopedVars);
    }
  }
  if (query.parallelism && typeof query.parallelism === 'object') {
    const filled = Object.entries(query.parallelism).map(([task, n]) => [templates.replace(task, scopedVars), typeof n === 'string' ? templates.replace(n, scopedVars) : n]);
    next.parallelism = Object.fromEntries(filled);
  }
  if (query.subtask !== undefined) {
    next.subtask = interpolatedAll(query.subtask, templates, scopedVars)[0];
  }
  return next;
}

/** Fills the variables into a list of texts. */
export function interpolatedAll(texts: unknown, templates: Templates, scopedVars?: ScopedVars): string[] {
  return names(texts).flatMap((text) => interpolatedText(text, templates, scopedVars));
}

/** The texts of a list that somebody may have written by hand: one text is a list of one. */
export function names(list: unknown): string[] {
  return [list].flat().filter((name) => typeof name === 'string' || typeof name === 'number').map(String);
}

/** A variable's values by its name, as they stand in the text. */
type Values = Map<string, string[]>;

function interpolatedText(text: string, templates: Templates, scopedVars?: ScopedVars): string[] {
  if (!text.includes('$') && !text.includes('[[')) {
    return [text];
  }
  const values: Values = new Map();
  const plain = templates.replace(text, scopedVars, (value: unknown, variable: { name: string }) => {
    values.set(variable.name, [value].flat().map(String));
    return '';
  });
  const name = [...values.keys()][0];
  if (values.size === 1 && plain === '' && name !== undefined && isAll(name, templates, scopedVars)) {
    return [all];
  }
  return combined(values).map((chosen) =>
    templates.replace(text, scopedVars, (_: unknown, variable: { name: string }) => chosen[variable.name] ?? '')
  );
}

/** Every combination of the variables' values. */
function combined(values: Values): Array<Record<string, string>> {
  let combinations: Array<Record<string, string>> = [{}];
  for (const [name, each] of values) {
    combinations = combinations.flatMap((chosen) => each.map((value) => ({ ...chosen, [name]: value }))).slice(0, most);
  }
  return combinations;
}

/**
 * Whether a variable stands at "All" of what Flink has: not where a panel
 * is repeated by it, nor where its options are a choice, by hand or by pattern.
 */
function isAll(name: string, templates: Templates, scopedVars?: ScopedVars): boolean {
  const variable: Partial<Variable> | undefined = templates.getVariables().find((variable) => variable.name === name);
  if (scopedVars?.[name] || variable?.type !== 'query' || variable.regex || variable.allValue) {
    return false;
  }
  return [variable.current?.value].flat().includes(all);
}

/** What is looked at of a dashboard variable. */
interface Variable {
  type: string;
  regex: string;
  allValue: string | null;
  current: { value?: unknown };
}
