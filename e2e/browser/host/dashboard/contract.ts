/** What each type of panel documents about its frames and options, as far as a data source can break it. */
import { type DataFrame, type Field, FieldType, getFieldDisplayName } from '@grafana/data';

import { type PanelModel } from './model';

/** Where a panel's options or frames break what the panel documents, a sentence each: before and after transformations. */
export function problemsOf(panel: PanelModel, answered: DataFrame[], drawn: DataFrame[]): string[] {
  const own = contracts[panel.type]?.(drawn, panel.options ?? {}) ?? [];
  return [...own, ...missing('a transformation', namesInTransformations(panel), answered), ...missing('an override', namesInOverrides(panel), drawn), ...missing('an option', namesInOptions(panel), drawn)];
}

type Options = Record<string, unknown>;
type Contract = (frames: DataFrame[], options: Options) => string[];

const contracts: Record<string, Contract> = {
  nodeGraph: (frames, options) => [
    ...graphProblems(frames),
    ...oneOf(options, 'zoomMode', 'cooperative', 'greedy'),
    ...oneOf(options, 'layoutAlgorithm', 'layered', 'force', 'grid'),
  ],
  'state-timeline': (frames, options) => [
    ...seriesProblems(frames, [FieldType.string, FieldType.number, FieldType.boolean, FieldType.enum]),
    ...oneOf(options, 'showValue', 'auto', 'always', 'never'),
    ...oneOf(options, 'alignValue', 'left', 'center', 'right'),
    ...(options.rowHeight === undefined || (Number(options.rowHeight) > 0 && Number(options.rowHeight) <= 1) ? [] : ['the option rowHeight is not above 0 and at most 1']),
  ],
  timeseries: (frames) => seriesProblems(frames, [FieldType.number]),
  heatmap: (frames) => seriesProblems(frames, [FieldType.number]),
  flamegraph: (frames) => frames.slice(0, 1).flatMap(flameProblems),
  stat: (_, options) => [
    ...oneOf(options, 'colorMode', 'value', 'background', 'background_solid', 'none'),
    ...oneOf(options, 'graphMode', 'none', 'line', 'area'),
    ...oneOf(options, 'justifyMode', 'auto', 'center'),
    ...oneOf(options, 'textMode', 'auto', 'value', 'value_and_name', 'name', 'none'),
  ],
  bargauge: (_, options) => oneOf(options, 'displayMode', 'basic', 'gradient', 'lcd'),
  table: (_, options) => oneOf(options, 'cellHeight', 'sm', 'md', 'lg', 'auto'),
  text: (_, options) => oneOf(options, 'mode', 'markdown', 'html', 'code'),
};

const oneOf = (options: Options, name: string, ...values: string[]) =>
  options[name] === undefined || values.includes(String(options[name])) ? [] : [`the option ${name} is ${String(options[name])}, not one of ${values.join(', ')}`];

const fieldOf = (frame: DataFrame | undefined, name: string): Field | undefined => frame?.fields.find((field) => field.name === name);

function graphProblems(frames: DataFrame[]): string[] {
  const edges = frames.find((frame) => fieldOf(frame, 'source') && fieldOf(frame, 'target'));
  const nodes = frames.find((frame) => frame !== edges);
  const ids: unknown[] = fieldOf(nodes, 'id')?.values ?? [];
  const known = new Set(ids);
  return [
    ...(fieldOf(nodes, 'id') ? [] : ['the frame of nodes has no field id']),
    ...(edges && fieldOf(edges, 'id') ? [] : ['there is no frame of edges with the fields id, source and target']),
    ...(known.size === ids.length ? [] : ['the ids of nodes are not unique']),
    ...['source', 'target'].flatMap((end) => (fieldOf(edges, end)?.values ?? []).filter((id) => !known.has(id)).map((id) => `the ${end} ${id} of an edge is no node`)),
    ...(['fixedX', 'fixedY'] as const).flatMap((axis) => {
      const values = fieldOf(nodes, axis)?.values;
      return values?.some((value) => !Number.isFinite(value)) ? [`${axis} is not set for all nodes: the panel then places none`] : [];
    }),
    ...(fieldOf(edges, 'thickness')?.values ?? []).filter((value) => !(Number(value) > 0)).map((value) => `the thickness ${value} of an edge is not above 0`),
    ...arcProblems(nodes),
  ];
}

function arcProblems(nodes: DataFrame | undefined): string[] {
  const arcs = (nodes?.fields ?? []).filter(({ name }) => name.startsWith('arc__'));
  return Array.from({ length: arcs.length > 0 ? nodes!.length : 0 }, (_, row) => arcs.map(({ values }): unknown => values[row])).flatMap((shares, row) => {
    const numbers = shares.filter((share): share is number => typeof share === 'number' && share >= 0);
    const sum = numbers.reduce((all, one) => all + one, 0);
    return numbers.length === shares.length && (sum === 0 || Math.abs(sum - 1) < 0.001) ? [] : [`the arcs of node ${row} are ${shares.join(' + ')}, which is not 1`];
  });
}

/** A time that rises, and values, in each frame that has rows; names that differ. */
function seriesProblems(frames: DataFrame[], types: FieldType[]): string[] {
  const filled = frames.filter(({ length }) => length > 0);
  const names = filled.flatMap((frame) => frame.fields.filter(({ type }) => type !== FieldType.time).map((field) => getFieldDisplayName(field, frame, filled)));
  return [
    ...filled.flatMap((frame) => {
      const time = frame.fields.find(({ type }) => type === FieldType.time);
      const falls = time?.values.some((at, row) => row > 0 && at <= time.values[row - 1]);
      return [
        ...(time ? [] : ['a frame has no time']),
        ...(falls ? ['times do not rise'] : []),
        ...(frame.fields.some(({ type }) => types.includes(type)) ? [] : [`a frame has no ${types.join(' or ')}`]),
      ];
    }),
    ...[...new Set(names.filter((name, at) => names.indexOf(name) !== at))].map((name) => `two series have the name ${name}`),
  ];
}

function flameProblems(frame: DataFrame): string[] {
  const levels: number[] = fieldOf(frame, 'level')?.values ?? [];
  return [
    ...['label', 'level', 'value', 'self'].filter((name) => !fieldOf(frame, name)).map((name) => `the frame has no field ${name}`),
    ...(levels.some((level, row) => (row === 0 ? level !== 0 : level < 1 || level > levels[row - 1]! + 1)) ? ['the levels are not in depth-first order'] : []),
  ];
}

function missing(where: string, wanted: string[], frames: DataFrame[]): string[] {
  const fields = frames.flatMap((frame) => frame.fields.flatMap((field) => [field.name, getFieldDisplayName(field, frame, frames)]));
  // Of nothing there are no fields to name.
  return frames.some(({ length }) => length > 0) ? [...new Set(wanted)].filter((name) => !fields.some((field) => means(name, field))).map((name) => `${where} names ${name}, and there is no such field`) : [];
}

/** A name, or a /regular expression/. */
function means(name: string, field: string): boolean {
  const expression = /^\/(.*)\/(\w*)$/.exec(name);
  return expression ? new RegExp(expression[1]!, expression[2]).test(field) : name === field;
}

function namesInOverrides({ fieldConfig }: PanelModel): string[] {
  return (fieldConfig?.overrides ?? []).flatMap(({ matcher: { id, options } }) => (id === 'byName' || id === 'byRegexp' ? [String(options)] : id === 'byNames' ? (options as { names: string[] }).names : []));
}

function namesInTransformations({ transformations = [] }: PanelModel): string[] {
  // What comes after another transformation may name what that makes.
  return transformations.slice(0, 1).flatMap(({ id, options }) => {
    switch (id) {
      case 'organize':
        return [options.excludeByName, options.includeByName, options.indexByName, options.renameByName].flatMap((names) => Object.keys(names ?? {}));
      case 'filterFieldsByName':
        return [...(options.include?.names ?? []), ...(options.exclude?.names ?? [])];
      case 'sortBy':
        return (options.sort ?? []).map(({ field }: { field: string }) => field);
      default:
        return [];
    }
  });
}

function namesInOptions({ options = {} }: PanelModel): string[] {
  const { reduceOptions, sortBy } = options as { reduceOptions?: { fields?: string }; sortBy?: Array<{ displayName: string }> };
  return [...(reduceOptions?.fields ? [reduceOptions.fields] : []), ...(sortBy ?? []).map(({ displayName }) => displayName)];
}
