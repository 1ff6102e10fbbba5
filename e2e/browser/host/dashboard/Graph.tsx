import { type DataFrame, type GrafanaTheme2 } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import React from 'react';

import { type Shown } from './Panel';

interface Node {
  id: string;
  title: string;
  subtitle: string;
  mainstat: string;
  secondarystat: string;
  radius: number;
  spot: Spot;
  /** The ring: shares of it, each after those before it, or all of it. */
  ring: Array<{ before: number; share: number; color: string }>;
}

interface Spot {
  x: number;
  y: number;
}

interface Edge {
  source: string;
  target: string;
  color: string;
  thickness: number;
}

/** In pixels, what a node needs around its middle. */
const around = { x: 90, above: 70, below: 100 };

/** Stands in for the Node graph panel, of which it draws the first frame of nodes, each where that fixes it, and the first one of edges. */
export function Graph({ frames, height, width }: Shown) {
  const theme = useTheme2();
  const [nodes, edges] = [nodesOf(frames, theme), edgesOf(frames, theme)];
  if (nodes.length === 0) {
    return <p>No data</p>;
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const [left, right] = [Math.min(...nodes.map(({ spot }) => spot.x)) - around.x, Math.max(...nodes.map(({ spot }) => spot.x)) + around.x];
  const [top, bottom] = [Math.min(...nodes.map(({ spot }) => spot.y)) - around.above, Math.max(...nodes.map(({ spot }) => spot.y)) + around.below];
  const scale = Math.min(width / (right - left), height / (bottom - top), 1);
  return (
    <svg width={width} height={height} viewBox={`${(left + right - width / scale) / 2} ${(top + bottom - height / scale) / 2} ${width / scale} ${height / scale}`} role="img" aria-label={nodes.map(describe).join('; ')}>
      {edges.map((edge, at) => <Arrow key={at} edge={edge} source={byId.get(edge.source)!} target={byId.get(edge.target)!} />)}
      {nodes.map((node) => <Circle key={node.id} node={node} theme={theme} />)}
    </svg>
  );
}

const describe = ({ mainstat, secondarystat, subtitle, title }: Node) => [title, subtitle, mainstat, secondarystat].filter(Boolean).join(', ');

/** From the edge of one circle to that of another. */
function Arrow({ edge, source, target }: { edge: Edge; source: Node; target: Node }) {
  const [from, to] = [apart(source.spot, target.spot, source.radius), apart(target.spot, source.spot, target.radius + 6)];
  const turn = (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI;
  return (
    <g stroke={edge.color} fill={edge.color}>
      <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} strokeWidth={edge.thickness} />
      <path d="M-6 -6 8 0 -6 6z" transform={`translate(${to.x} ${to.y}) rotate(${turn})`} />
    </g>
  );
}

/** The spot beside a circle from which it is seen from another spot. */
function apart(from: Spot, to: Spot, radius: number): Spot {
  const long = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x: from.x + ((to.x - from.x) / long) * (radius + 4), y: from.y + ((to.y - from.y) / long) * (radius + 4) };
}

function Circle({ node, theme }: { node: Node; theme: GrafanaTheme2 }) {
  const round = 2 * Math.PI * node.radius;
  return (
    <g transform={`translate(${node.spot.x} ${node.spot.y})`} textAnchor="middle" fontFamily={theme.typography.fontFamily} fill={theme.colors.text.primary}>
      <circle r={node.radius} fill={theme.components.panel.background} />
      {node.ring.map(({ before, color, share }, at) => (
        <circle key={at} r={node.radius} fill="none" stroke={color} strokeWidth="6" strokeDasharray={`${share * round} ${round}`} strokeDashoffset={-before * round} transform="rotate(-90)" />
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
    spot: { x: Number(value('fixedX', row)), y: Number(value('fixedY', row)) },
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

function edgesOf(frames: DataFrame[], theme: GrafanaTheme2): Edge[] {
  const frame = frames.find(isEdges);
  const value = (name: string, row: number): unknown => frame?.fields.find((field) => field.name === name)?.values[row];
  return Array.from({ length: frame?.length ?? 0 }, (_, row) => ({
    source: String(value('source', row)),
    target: String(value('target', row)),
    color: String(value('color', row) ?? theme.colors.text.secondary),
    thickness: Number(value('thickness', row) ?? 1),
  }));
}
