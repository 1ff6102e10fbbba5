/** What draws each type of panel. */
import { type ReactNode } from 'react';

import { BarGauges } from './BarGauges';
import { Flames } from './Flames';
import { Graph } from './Graph';
import { Heatmap } from './Heatmap';
import { Lanes } from './Lanes';
import { Nothing } from './Nothing';
import { type Shown } from './Panel';
import { Stats } from './Stats';
import { TableOf } from './TableOf';
import { Texts } from './Texts';
import { TimeSeriesOf } from './TimeSeriesOf';

interface Drawing {
  /** The component, of which package. */
  by: string;
  /** Grafana's own is in no package: this is a plain picture of the frame. */
  standIn: boolean;
  Component: (shown: Shown) => ReactNode;
}

const real = (by: string, Component: Drawing['Component']): Drawing => ({ by, standIn: false, Component });
const standIn = (by: string, Component: Drawing['Component']): Drawing => ({ by, standIn: true, Component });

export const drawings: Record<string, Drawing> = {
  table: real('TableNG of @grafana/ui', TableOf),
  stat: real('BigValue of @grafana/ui', Stats),
  gauge: standIn('BigValue of @grafana/ui', Stats),
  timeseries: real('TimeSeries of @grafana/ui', TimeSeriesOf),
  bargauge: real('BarGauge of @grafana/ui', BarGauges),
  text: real('renderTextPanelMarkdown of @grafana/data', Texts),
  flamegraph: real('@grafana/flamegraph', Flames),
  'state-timeline': standIn('coloured spans', Lanes),
  nodeGraph: standIn('circles and lines', Graph),
  heatmap: standIn('coloured cells', Heatmap),
  alertlist: standIn('a line of text', Nothing),
  annolist: standIn('a line of text', Nothing),
  dashlist: standIn('a line of text', Nothing),
};
