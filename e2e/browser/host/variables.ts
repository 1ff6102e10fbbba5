import { type TypedVariableModel } from '@grafana/data';

/** A dashboard variable as far as it matters here. */
export interface Variable {
  name: string;
  multi: boolean;
  includeAll: boolean;
  /** Stands for "All" instead of every option, if it is set. */
  allValue?: string;
  options: string[];
  current: string[];
}

/** What Grafana keeps as the value of a variable that stands at "All". */
export const allSelected = '$__all';

const examples: Variable[] = [
  { name: 'cluster', multi: false, includeAll: false, options: ['default', 'east'], current: ['default'] },
  { name: 'job', multi: true, includeAll: true, options: ['bottleneck', 'healthy', 'skew'], current: ['bottleneck', 'skew'] },
  { name: 'task', multi: true, includeAll: true, options: ['sink', 'slow-window'], current: [allSelected] },
];

/** The variables where there is no dashboard; an address with var-job=… sets one, as in Grafana. */
export function variables(search: URLSearchParams): Variable[] {
  return examples.map((variable) => {
    const set = search.getAll(`var-${variable.name}`);
    return set.length > 0 ? { ...variable, current: set } : variable;
  });
}

/** A variable as plugins get to see it. */
export function asModel({ name, multi, includeAll, allValue, options, current }: Variable): TypedVariableModel {
  const text = current.map((value) => (value === allSelected ? 'All' : value));
  const chosen = multi ? { text, value: current } : { text: text[0], value: current[0] };
  const model = {
    type: 'query', id: name, name, label: name, multi, includeAll, allValue, query: {}, regex: '',
    current: { selected: true, ...chosen },
    options: options.map((value) => ({ text: value, value, selected: current.includes(value) })),
  };
  return model as unknown as TypedVariableModel;
}
