/** What breaks what a panel documents is named, and what does not is not. */
import { createDataFrame, type DataFrame, FieldType } from '@grafana/data';
import { expect, test } from '@playwright/test';

import { problemsOf } from './host/dashboard/contract';
import { type PanelModel } from './host/dashboard/model';

const frame = (fields: Record<string, unknown[]>): DataFrame =>
  createDataFrame({ fields: Object.entries(fields).map(([name, values]) => ({ name, values, ...(name === 'time' ? { type: FieldType.time } : {}) })) });

const nodes = frame({ id: ['a', 'b'], arc__busy: [0.25, 0], arc__idle: [0.75, 0] });
const edges = frame({ id: ['a>b'], source: ['a'], target: ['b'] });
const flames = { label: ['root', 'run', 'work', 'park'], level: [0, 1, 2, 1], value: [9, 6, 4, 3], self: [0, 2, 4, 3] };
const busy = frame({ time: [1, 2], busy: [0.5, null] });

interface Case {
  name: string;
  panel: Partial<PanelModel>;
  frames: DataFrame[];
  want: string[];
}

const cases: Case[] = [
  { name: 'a graph', panel: { type: 'nodeGraph', options: { zoomMode: 'cooperative', layoutAlgorithm: 'layered' } }, frames: [nodes, edges], want: [] },
  { name: 'nodes without ids', panel: { type: 'nodeGraph' }, frames: [frame({ title: ['a', 'b'] }), frame({ id: [], source: [], target: [] })], want: ['the frame of nodes has no field id'] },
  { name: 'edges without ids', panel: { type: 'nodeGraph' }, frames: [nodes, frame({ source: ['a'], target: ['b'] })], want: ['there is no frame of edges with the fields id, source and target'] },
  { name: 'an edge to nowhere', panel: { type: 'nodeGraph' }, frames: [nodes, frame({ id: ['1'], source: ['a'], target: ['c'] })], want: ['the target c of an edge is no node'] },
  { name: 'a node twice', panel: { type: 'nodeGraph' }, frames: [frame({ id: ['a', 'a'] }), frame({ id: [], source: [], target: [] })], want: ['the ids of nodes are not unique'] },
  { name: 'arcs that are not whole', panel: { type: 'nodeGraph' }, frames: [frame({ id: ['a', 'b', 'c'], arc__busy: [0.25, 0.5, 0], arc__idle: [null, 0.25, 0] }), edges], want: ['the arcs of node 0 are 0.25 + , which is not 1', 'the arcs of node 1 are 0.5 + 0.25, which is not 1'] },
  { name: 'a layout that there is not', panel: { type: 'nodeGraph', options: { layoutAlgorithm: 'tree' } }, frames: [nodes, edges], want: ['the option layoutAlgorithm is tree, not one of layered, force, grid'] },

  { name: 'lanes', panel: { type: 'state-timeline', options: { rowHeight: 0.9 } }, frames: [frame({ time: [1, 2], status: ['idle', null] })], want: [] },
  { name: 'lanes of one name', panel: { type: 'state-timeline' }, frames: ['a', 'b'].map((job) => frame({ time: [1, 2], [job]: ['idle', 'busy'] })).map((one) => ({ ...one, fields: one.fields.map((field) => ({ ...field, config: { displayName: field.type === FieldType.time ? 'time' : 'status' } })) })), want: ['two series have the name status'] },
  { name: 'lanes without a time', panel: { type: 'state-timeline' }, frames: [frame({ status: ['idle'] })], want: ['a frame has no time'] },
  { name: 'times that fall', panel: { type: 'state-timeline' }, frames: [frame({ time: [2, 1], status: ['idle', 'busy'] })], want: ['times do not rise'] },
  { name: 'rows that are too high', panel: { type: 'state-timeline', options: { rowHeight: 2 } }, frames: [frame({ time: [1], status: ['idle'] })], want: ['the option rowHeight is not above 0 and at most 1'] },

  { name: 'a series', panel: { type: 'timeseries' }, frames: [busy], want: [] },
  { name: 'a series of words', panel: { type: 'timeseries' }, frames: [frame({ time: [1], status: ['idle'] })], want: ['a frame has no number'] },

  { name: 'a flame graph', panel: { type: 'flamegraph' }, frames: [frame(flames)], want: [] },
  { name: 'a flame graph without self', panel: { type: 'flamegraph' }, frames: [frame({ ...flames, self: [] })].map((one) => ({ ...one, fields: one.fields.filter(({ name }) => name !== 'self') })), want: ['the frame has no field self'] },
  { name: 'a flame graph that skips a level', panel: { type: 'flamegraph' }, frames: [frame({ ...flames, level: [0, 1, 3, 1] })], want: ['the levels are not in depth-first order'] },

  { name: 'a colour mode that there is not', panel: { type: 'stat', options: { colorMode: 'bright' } }, frames: [busy], want: ['the option colorMode is bright, not one of value, background, background_solid, none'] },
  { name: 'fields that there are', panel: { type: 'table', options: { sortBy: [{ displayName: 'busy' }], reduceOptions: { fields: '/^busy$/' } }, fieldConfig: overriding('busy'), transformations: [{ id: 'organize', options: { excludeByName: { time: true } } }] }, frames: [busy], want: [] },
  { name: 'an override of nothing', panel: { type: 'table', fieldConfig: overriding('idle') }, frames: [busy], want: ['an override names idle, and there is no such field'] },
  { name: 'an override of nothing, by an expression', panel: { type: 'table', fieldConfig: overriding('/^id/', 'byRegexp') }, frames: [busy], want: ['an override names /^id/, and there is no such field'] },
  { name: 'a transformation of nothing', panel: { type: 'table', transformations: [{ id: 'sortBy', options: { sort: [{ field: 'idle' }] } }] }, frames: [busy], want: ['a transformation names idle, and there is no such field'] },
  { name: 'an option of nothing', panel: { type: 'stat', options: { reduceOptions: { fields: '/^idle$/' } } }, frames: [busy], want: ['an option names /^idle$/, and there is no such field'] },
  { name: 'no rows to name fields of', panel: { type: 'table', fieldConfig: overriding('idle') }, frames: [frame({})], want: [] },
];

function overriding(options: string, id = 'byName'): PanelModel['fieldConfig'] {
  return { defaults: {}, overrides: [{ matcher: { id, options }, properties: [] }] };
}

for (const { frames, name, panel, want } of cases) {
  test(name, () => {
    expect(problemsOf({ id: 1, type: 'table', gridPos: { x: 0, y: 0, w: 24, h: 8 }, ...panel }, frames, frames)).toEqual(want);
  });
}
