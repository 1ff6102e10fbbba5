import { type ScopedVars } from '@grafana/data';
import { type TemplateSrv } from '@grafana/runtime';

import { allSelected, asModel, type Variable } from './variables';

/** $name, [[name]], [[name:format]], ${name}, ${name:format}. */
const expression = /\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]|\$\{(\w+)(?::(\w+))?\}/g;

type Value = string | string[];
type Format = (value: Value, variable: { name: string; current?: string[]; multi?: boolean; includeAll?: boolean }) => string;

const list = (value: Value) => [value].flat();

/** Of Grafana's formats those that a plugin may name; glob is what holds without one. */
const formats: Record<string, Format> = {
  csv: (value) => list(value).join(','),
  glob: (value) => (list(value).length > 1 ? `{${list(value).join(',')}}` : list(value).join()),
  json: (value) => JSON.stringify(value),
  percentencode: (value) => encoded(list(value).join(',')),
  pipe: (value) => list(value).join('|'),
  queryparam: (value, { current, name }) => (current ?? list(value)).map((one) => `var-${name}=${encoded(one)}`).join('&'),
  raw: (value) => list(value).join(','),
};

/** As in an address, with what encodeURIComponent leaves. */
export const encoded = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

/** Fills dashboard variables into texts, by the rules of Grafana's TemplateSrv. */
export function templates(variables: Variable[]): TemplateSrv {
  const named = (name?: string) => variables.find((variable) => variable.name === name);
  const found = (target = '') => [...target.matchAll(expression)].map(([, a, b, , c]) => named(a ?? b ?? c)).filter((variable) => variable !== undefined);
  return {
    getVariables: () => variables.map(asModel),
    containsTemplate: (target) => found(target).length > 0,
    updateTimeRange: () => undefined,
    replace: (target = '', scoped, format) =>
      target.replace(expression, (whole, a, b, bFormat, c, cFormat) => {
        const name = a ?? b ?? c;
        const variable = named(name);
        const value = scopedValue(scoped, name) ?? (variable && valueOf(variable));
        return value === undefined ? whole : formatter(bFormat ?? cFormat ?? format)(value, variable ?? { name });
      }),
  };
}

const scopedValue = (scoped: ScopedVars | undefined, name: string): Value | undefined => scoped?.[name]?.value;

/** At "All" a variable has its own value for all, else all of its options. */
function valueOf({ allValue, current, multi, options }: Variable): Value {
  if (current.includes(allSelected)) {
    return allValue ?? options;
  }
  return multi ? current : current[0] ?? '';
}

/** What turns a value into text: a plugin's own function, or one by name. */
function formatter(format: unknown): Format {
  if (typeof format === 'function') {
    return (value, variable) => format(value, variable, (text: Value) => formats.glob!(text, variable));
  }
  return formats[String(format ?? 'glob')] ?? formats.glob!;
}
