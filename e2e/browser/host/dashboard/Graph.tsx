import { type DataFrame, type GrafanaTheme2 } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import React from 'react';

import { components, type Edge, packed, type Placed, type Spot } from './layers';
import { type Shown } from './Panel';

interface Node {
  id: string;
  title: string;
  subtitle: string;
  mainstat: string;
  secondarystat: string;
  radius: number;
  /** The ring: shares of it, each after those before it, or all of it. */
  ring: Array<{ before: number; share: number; color: string }>;
}

const [column, line, middle] = [180, 170, 70];

/** Stands in for the Node graph panel, of which it draws the first frame of nodes and the first one of edges. */
export function Graph({ frames, height, width }: Shown) {
  const theme = useTheme2();
  const [nodes, edges] = [nodesOf(frames, theme), edgesOf(frames)];
  if (nodes.length === 0) {
    return <p>No data</p>;
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parts = components([...byId.keys()], edges);
  const layout = packed(parts.map(({ layers, rows }) => ({ width: layers * column, height: rows * line })), width, height);
  const scale = Math.min(width / layout.width, height / layout.height, 1);
  const spotted = parts.map((part, at) => ({ ...part, spot: ({ layer, row }: Placed): Spot => ({ x: layout.spots[at]!.x + (layer + 0.5) * column, y: layout.spots[at]!.y + row * line + middle }) }));
  return (
    <svg width={width} height={height} viewBox={`${(layout.width - width / scale) / 2} ${(layout.height - height / scale) / 2} ${width / scale} ${height / scale}`} role="img" aria-label={nodes.map(describe).join('; ')}>
      <defs>
        <marker id="arrow" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M0 0 10 5 0 10z" fill={theme.colors.text.secondary} />
        </marker>
      </defs>
      {spotted.flatMap(({ paths, spot }, part) => paths.map(({ edge, through }, at) => <Arrow key={`${part}/${at}`} through={through.map(spot)} source={byId.get(edge.source)!} target={byId.get(edge.target)!} color={theme.colors.text.secondary} />))}
      {spotted.flatMap(({ nodes: members, spot }) => members.map((place) => <Circle key={place.id} node={byId.get(place.id)!} spot={spot(place)} theme={theme} />))}
    </svg>
  );
}

const describe = ({ mainstat, secondarystat, subtitle, title }: Node) => [title, subtitle, mainstat, secondarystat].filter(Boolean).join(', ');

/** From the edge of one circle to that of another, past the nodes between them. */
function Arrow({ color, source, target, through }: { through: Spot[]; source: Node; target: Node; color: string }) {
  const inner = through.slice(1, -1);
  const [first, last] = [through[0]!, through.at(-1)!];
  const all = [apart(first, inner[0] ?? last, source.radius), ...inner, apart(last, inner.at(-1) ?? first, target.radius)];
  return <polyline points={all.map(({ x, y }) => `${x},${y}`).join(' ')} fill="none" stroke={color} strokeWidth="1.5" strokeLinejoin="round" markerEnd="url(#arrow)" />;
}

/** The spot beside a circle from which it is seen from another spot. */
function apart(from: Spot, to: Spot, radius: number): Spot {
  const long = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x: from.x + ((to.x - from.x) / long) * (radius + 4), y: from.y + ((to.y - from.y) / long) * (radius + 4) };
}

function Circle({ node, spot, theme }: { node: Node; spot: Spot; theme: GrafanaTheme2 }) {
  const around = 2 * Math.PI * node.radius;
  return (
    <g transform={`translate(${spot.x} ${spot.y})`} textAnchor="middle" fontFamily={theme.typography.fontFamily} fill={theme.colors.text.primary}>
      <circle r={node.radius} fill={theme.components.panel.background} />
      {node.ring.map(({ before, color, share }, at) => (
        <circle key={at} r={node.radius} fill="none" stroke={color} strokeWidth="6" strokeDasharray={`${share * around} ${around}`} strokeDashoffset={-before * around} transform="rotate(-90)" />
      ))}
      <text y={node.secondarystat ? -3 : 4} fontSize="11">{node.mainstat}</text>
      <text y="13" fontSize="11">{node.secondarystat}</text>
      <text y={node.radius + 22} fontSize="14" fontWeight="500">{short(node.title)}</text>
      <text y={node.radius + 40} fontSize="12" fill={theme.colors.text.secondary}>{short(node.subtitle)}</text>
    </g>
  );
}

const short = (text: string) => (text.length > 27 ? `${text.slice(0, 26)}…` : text);

const isEdges = ({ fields }: DataFrame) => fields.some(({ name }) => name === 'source') && fields.some(({ name }) => name === 'target');

function nodesOf(frames: DataFrame[], theme: GrafanaTheme2): Node[] {
  const frame = frames.find((one) => !isEdges(one));
  const value = (name: string, row: number): unknown => frame?.fields.find((field) => field.name === name)?.values[row];
  return Array.from({ length: frame?.length ?? 0 }, (_, row) => ({
    id: String(value('id', row)),
    title: String(value('title', row) ?? ''),
    subtitle: String(value('subtitle', row) ?? ''),
    mainstat: String(value('mainstat', row) ?? ''),
    secondarystat: String(value('secondarystat', row) ?? ''),
    radius: Number(value('nodeRadius', row) ?? 40),
    ring: ringOf(frame!, row, String(value('color', row) ?? theme.colors.text.secondary), theme),
  }));
}

/** Arcs come before the colour, which is the ring's where they are all 0. */
function ringOf({ fields }: DataFrame, row: number, color: string, theme: GrafanaTheme2): Node['ring'] {
  const arcs = fields
    .filter(({ name }) => name.startsWith('arc__'))
    .map(({ config, values }) => ({ share: Number(values[row]), color: theme.visualization.getColorByName(config.color?.fixedColor ?? 'grey') }));
  const before = (at: number) => arcs.slice(0, at).reduce((sum, { share }) => sum + share, 0);
  return arcs.some(({ share }) => share > 0) ? arcs.map((arc, at) => ({ ...arc, before: before(at) })) : [{ before: 0, share: 1, color }];
}

function edgesOf(frames: DataFrame[]): Edge[] {
  const frame = frames.find(isEdges);
  const values = (name: string): string[] => frame?.fields.find((field) => field.name === name)?.values ?? [];
  return values('source').map((source, row) => ({ source, target: values('target')[row]! }));
}
