/** A dashboard in Grafana's classic JSON, and where its panels lie. */
import { type DataQuery, type DataTransformerConfig, type FieldConfigSource } from '@grafana/data';

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface PanelModel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  gridPos: GridPos;
  targets?: DataQuery[];
  fieldConfig?: FieldConfigSource;
  options?: Record<string, unknown>;
  transformations?: DataTransformerConfig[];
  maxDataPoints?: number | null;
  transparent?: boolean;
  repeat?: string;
  timeFrom?: string;
  timeShift?: string;
  /** Of a row. */
  collapsed?: boolean;
  panels?: PanelModel[];
}

export interface VariableModel {
  name: string;
  label?: string;
  type: string;
  /** An object for type query; values for the types custom, constant and textbox. */
  query?: unknown;
  regex?: string;
  sort?: number;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string | null;
  hide?: number;
  current?: { value?: string | string[] };
}

export interface DashboardModel {
  uid: string;
  title: string;
  schemaVersion: number;
  time: { from: string; to: string };
  templating: { list: VariableModel[] };
  panels: PanelModel[];
}

/** The grid is 24 columns wide; a row is 30 px high, and 8 px are between two. */
export const grid = { columns: 24, row: 30, gap: 8 };

export const heightOf = (rows: number) => rows * grid.row + (rows - 1) * grid.gap;

/**
 * The panels from top to bottom. Those of a row that is collapsed are left out,
 * or, with open, are laid out under it as Grafana does when the row is opened.
 */
export function laidOut(panels: PanelModel[], open: boolean): PanelModel[] {
  let down = 0;
  return [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x).flatMap((panel) => {
    const moved = shifted(panel, down);
    const inside = panel.type === 'row' && panel.collapsed ? panel.panels ?? [] : [];
    if (!open || inside.length === 0) {
      return [moved];
    }
    const top = Math.min(...inside.map(({ gridPos }) => gridPos.y));
    const below = moved.gridPos.y + 1 - top;
    down += Math.max(...inside.map(({ gridPos }) => gridPos.y + gridPos.h)) - top;
    return [{ ...moved, collapsed: false }, ...inside.map((one) => shifted(one, below))];
  });
}

const shifted = (panel: PanelModel, by: number): PanelModel => ({ ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + by } });
