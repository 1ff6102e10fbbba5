import { FieldType } from '@grafana/data';
import { LegendDisplayMode, type VizLegendOptions } from '@grafana/schema';
import { TimeSeries } from '@grafana/ui';
import React from 'react';

import { timeZone } from './fields';
import { type Shown } from './Panel';

const usual: VizLegendOptions = { showLegend: true, displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [] };

export function TimeSeriesOf({ frames, height, panel, range, width }: Shown) {
  const drawn = frames.filter(({ fields, length }) => length > 0 && fields.some(({ type }) => type === FieldType.number));
  if (drawn.length === 0) {
    return <p>No data</p>;
  }
  const legend = { ...usual, ...(panel.options?.legend as Partial<VizLegendOptions>) };
  return <TimeSeries frames={drawn} structureRev={1} width={width} height={height} timeRange={range} timeZone={timeZone} legend={legend} options={panel.options} />;
}
