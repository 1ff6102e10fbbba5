import { type DataFrame, dateTimeFormat, type Field, formattedValueToString, getFieldDisplayName, type InterpolateFunction, type ScopedVars, type TimeRange } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';

import { encoded } from '../templates';

/** ${__name}, ${__name.path}, ${__name.path:format}, and $__name. */
const expression = /\$\{(__\w+)(?:\.([^:}]+))?(?::(\w+))?\}|\$(__(?:url_time_range|from|to|interval|rate_interval))\b/g;

/** What a link or a display name stands on: a field of a frame, and in a link the row. */
interface Context {
  frame: DataFrame;
  field: Field;
  rowIndex?: number;
}

/** Fills Grafana's own names and the dashboard's variables into a text, as panels do. */
export function macros(dashboard: { uid: string; title: string }, range: TimeRange): InterpolateFunction {
  const from = String(range.from.valueOf());
  const to = String(range.to.valueOf());
  const values: Record<string, (path: string, context?: Context) => string | undefined> = {
    __dashboard: (path) => (path === 'title' ? dashboard.title : dashboard.uid),
    __url_time_range: () => `from=${encodeURIComponent(String(range.raw.from))}&to=${encodeURIComponent(String(range.raw.to))}`,
    __from: (path) => (path.startsWith('date') ? dateTimeFormat(range.from, { timeZone: 'utc' }) : from),
    __to: (path) => (path.startsWith('date') ? dateTimeFormat(range.to, { timeZone: 'utc' }) : to),
    __interval: () => '10s',
    __field: (path, context) => context && ofField(path, context),
    __series: (_, context) => context?.frame.name,
    __value: (path, context) => context && ofValue(context.field, path, context.rowIndex),
    __data: (path, context) => context && ofRow(path, context),
  };
  return (target, scoped, format) => {
    const context: Context | undefined = scoped?.__dataContext?.value;
    const own = (target ?? '').replace(expression, (whole, braced: string | undefined, path = '', wanted: string | undefined, bare: string) => {
      const value = values[braced ?? bare]?.(path, context);
      return value === undefined ? whole : wanted?.endsWith('encode') ? encoded(value) : value;
    });
    return getTemplateSrv().replace(own, withoutContext(scoped), format as string);
  };
}

/** The template service looks for values by their names alone. */
function withoutContext(scoped: ScopedVars | undefined): ScopedVars | undefined {
  if (!scoped) {
    return scoped;
  }
  return Object.fromEntries(Object.entries(scoped).filter(([name]) => !name.startsWith('__')));
}

function ofField(path: string, { field, frame }: Context): string | undefined {
  const label = /^labels\.(.+)$/.exec(path)?.[1];
  if (label) {
    return field.labels?.[label] ?? '';
  }
  return path === 'name' || path === 'displayName' ? getFieldDisplayName(field, frame) : undefined;
}

/** ${__data.fields.job}, ${__data.fields["job"]}, ${__data.fields[1]}, each with .text or .numeric. */
function ofRow(path: string, { frame, rowIndex }: Context): string | undefined {
  const [, name, index, part = ''] = /^fields(?:\.([\w ]+)|\["?([^"\]]+)"?\])(?:\.(\w+))?$/.exec(path) ?? [];
  const wanted = name ?? index;
  const field = frame.fields.find((one) => one.name === wanted || getFieldDisplayName(one, frame) === wanted) ?? frame.fields[Number(wanted)];
  return field && ofValue(field, part, rowIndex);
}

function ofValue(field: Field, part: string, row?: number): string | undefined {
  if (row === undefined) {
    return undefined;
  }
  const value: unknown = field.values[row];
  const shown = field.display?.(value);
  if (part === 'numeric') {
    return String(shown?.numeric ?? value);
  }
  return shown && part !== 'raw' ? formattedValueToString(shown) : String(value ?? '');
}
