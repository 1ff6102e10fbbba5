import { type DataQuery } from '@grafana/data';
import { setTemplateSrv } from '@grafana/runtime';

import { type Loaded } from '../plugin';
import { templates } from '../templates';
import { listed } from '../VariablePage';
import { allSelected, type Variable } from '../variables';

import { type DashboardModel, type VariableModel } from './model';

/** Fills a dashboard's variables in one after the other, as the queries of later ones may name earlier ones. */
export async function resolved(dashboard: DashboardModel, loaded: Loaded, search: URLSearchParams): Promise<Variable[]> {
  const variables: Variable[] = [];
  for (const model of dashboard.templating.list) {
    setTemplateSrv(templates(variables));
    const options = await optionsOf(model, loaded);
    const multi = model.multi ?? false;
    variables.push({
      name: model.name, multi, includeAll: model.includeAll ?? false, allValue: model.allValue ?? undefined, options,
      current: chosen(model, options, search.getAll(`var-${model.name}`)),
    });
  }
  setTemplateSrv(templates(variables));
  return variables;
}

/** What the address has, else what is saved, else the first value; at "All" it stays at that. */
function chosen({ current, includeAll, multi }: VariableModel, options: string[], set: string[]): string[] {
  const wanted = set.length > 0 ? set : [current?.value ?? []].flat();
  if (includeAll && wanted.some((value) => value === allSelected || value === 'All')) {
    return [allSelected];
  }
  const known = set.length > 0 ? wanted : wanted.filter((value) => options.includes(value));
  const first = includeAll ? [allSelected] : options.slice(0, 1);
  return known.length === 0 ? first : known.slice(0, multi ? undefined : 1);
}

async function optionsOf(model: VariableModel, { datasource, settings }: Loaded): Promise<string[]> {
  const text = String(model.query ?? '');
  switch (model.type) {
    case 'datasource':
      return text === settings.type ? [settings.uid] : [];
    case 'query':
      return sorted(model, await queried(model, datasource));
    case 'custom':
    case 'interval':
      return text.split(',').map((value) => value.trim());
    case 'constant':
    case 'textbox':
      return [text];
    default:
      throw new Error(`The page has no variables of type ${model.type}.`);
  }
}

async function queried({ name, query, regex }: VariableModel, { variables: support }: Loaded['datasource']): Promise<string[]> {
  if (regex) {
    throw new Error(`The page has no regular expressions for variables, which ${name} has.`);
  }
  const { problem, values } = await listed(support, query as DataQuery);
  if (problem) {
    throw new Error(`Variable ${name}: ${problem}`);
  }
  return values;
}

/** Grafana's orders: 1 and 2 are alphabetical, up and down. */
function sorted({ name, sort = 0 }: VariableModel, values: string[]): string[] {
  if (sort > 2) {
    throw new Error(`The page does not have the order ${sort}, which variable ${name} has.`);
  }
  const up = sort > 0 ? [...values].sort((a, b) => a.localeCompare(b)) : values;
  return sort === 2 ? up.reverse() : up;
}
