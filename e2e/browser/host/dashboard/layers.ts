/** A node's place, from the left and the top of its component, counted in nodes. */
export interface Placed {
  id: string;
  layer: number;
  row: number;
}

/** A part of the graph that hangs together. */
export interface Component {
  nodes: Placed[];
  /** What each edge passes, its ends among it: where it spans layers, places between nodes. */
  paths: Array<{ edge: Edge; through: Placed[] }>;
  layers: number;
  rows: number;
}

export interface Edge {
  source: string;
  target: string;
}

/** Lays each connected part out from left to right: a node is right of all that lead to it. */
export function components(ids: string[], edges: Edge[]): Component[] {
  const parts = new Map(ids.map((id) => [id, id]));
  const root = (id: string): string => (parts.get(id) === id ? id : root(parts.get(id)!));
  const known = edges.filter(({ source, target }) => parts.has(source) && parts.has(target));
  known.forEach(({ source, target }) => parts.set(root(source), root(target)));
  return [...grouped(ids, root).values()].map((members) => placed(members, known.filter(({ source }) => members.includes(source))));
}

function grouped(ids: string[], key: (id: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  ids.forEach((id) => groups.set(key(id), [...(groups.get(key(id)) ?? []), id]));
  return groups;
}

function placed(ids: string[], edges: Edge[]): Component {
  const layer = layersOf(ids, edges);
  // Where an edge spans layers, it gets a place in each of them, as if a node were there.
  const chains = edges.map(({ source, target }, at) => {
    const between = Math.max(0, layer.get(target)! - layer.get(source)! - 1);
    const passed = Array.from({ length: between }, (_, step) => `${at}/${step}`);
    passed.forEach((id, step) => layer.set(id, layer.get(source)! + 1 + step));
    return [source, ...passed, target];
  });
  const columns = [...grouped([...layer.keys()], (id) => String(layer.get(id))).entries()].sort(([a], [b]) => Number(a) - Number(b)).map(([, column]) => column);
  const rows = Math.max(...columns.map(({ length }) => length));
  const steps = chains.flatMap((chain) => chain.slice(1).map((target, at) => ({ source: chain[at]!, target })));
  const row = new Map<string, number>();
  columns.forEach((column) => {
    const wanted = (id: string) => mean(steps.filter(({ target }) => target === id).map(({ source }) => row.get(source) ?? 0));
    const ordered = [...column].sort((a, b) => wanted(a) - wanted(b));
    ordered.forEach((id, place) => row.set(id, place + (rows - ordered.length) / 2));
  });
  const place = (id: string): Placed => ({ id, layer: layer.get(id)!, row: row.get(id)! });
  return { nodes: ids.map(place), paths: edges.map((edge, at) => ({ edge, through: chains[at]!.map(place) })), layers: columns.length, rows };
}

/** How many nodes lead to each at most, one after the other; a cycle ends at the number of nodes. */
function layersOf(ids: string[], edges: Edge[]): Map<string, number> {
  const layer = new Map(ids.map((id) => [id, 0]));
  ids.forEach(() =>
    edges.forEach(({ source, target }) => layer.set(target, Math.min(ids.length - 1, Math.max(layer.get(target)!, layer.get(source)! + 1))))
  );
  return layer;
}

const mean = (numbers: number[]) => (numbers.length === 0 ? 0 : numbers.reduce((sum, one) => sum + one, 0) / numbers.length);

/** Where a component lies, in pixels of a drawing that is then fitted into the panel. */
export interface Spot {
  x: number;
  y: number;
}

/** Places boxes in rows, in the order that they come in, so that they are as large as they can be in the panel. */
export function packed(boxes: Array<{ width: number; height: number }>, width: number, height: number): { spots: Spot[]; width: number; height: number } {
  const widths = boxes.map((_, at) => boxes.slice(0, at + 1).reduce((sum, box) => sum + box.width, 0));
  const tried = [...new Set([...widths, Math.max(...boxes.map((box) => box.width))])].map((most) => shelved(boxes, most));
  const scale = (one: { width: number; height: number }) => Math.min(width / one.width, height / one.height);
  return tried.reduce((best, one) => (scale(one) > scale(best) ? one : best));
}

function shelved(boxes: Array<{ width: number; height: number }>, most: number) {
  let [x, y, tall, wide] = [0, 0, 0, 0];
  const spots = boxes.map((box) => {
    if (x > 0 && x + box.width > most) {
      [x, y, tall] = [0, y + tall, 0];
    }
    const spot = { x, y };
    x += box.width;
    tall = Math.max(tall, box.height);
    wide = Math.max(wide, x);
    return spot;
  });
  return { spots, width: wide, height: y + tall };
}
