/** What the tests read of a dashboard, one entry a panel once it is answered. */
export interface PanelReport {
  id: number;
  title: string;
  type: string;
  /** The component that draws it, and whether that only stands in for Grafana's own. */
  drawnBy: string;
  standIn: boolean;
  /** How many rows each frame has, before transformations. */
  rows: number[];
  /** Where shares are from, see meta.custom.source. */
  sources: string[];
  /** Where its options or frames break what its panel documents. */
  problems: string[];
}

declare global {
  interface Window {
    panels?: PanelReport[];
  }
}

export function note(report: PanelReport) {
  window.panels = [...(window.panels ?? []).filter(({ id }) => id !== report.id), report];
}
