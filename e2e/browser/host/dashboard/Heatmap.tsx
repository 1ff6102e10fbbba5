import { css } from '@emotion/css';
import { dateTimeFormat, FieldType, getFieldDisplayName, type GrafanaTheme2 } from '@grafana/data';
import { measureText, useStyles2 } from '@grafana/ui';
import React from 'react';

import { timeZone } from './fields';
import { type Shown } from './Panel';

const [font, axis, gap] = [12, 20, 8];

/** Stands in for the Heatmap panel: a row of cells a number field, the more the more opaque. */
export function Heatmap({ frames, height, range, width }: Shown) {
  const styles = useStyles2(stylesOf);
  const lanes = frames.flatMap((frame) => {
    const times: number[] = frame.fields.find(({ type }) => type === FieldType.time)?.values ?? [];
    return frame.fields
      .filter(({ type }) => type === FieldType.number)
      .map((field) => ({ name: getFieldDisplayName(field, frame, frames), times, values: field.values as Array<number | null> }));
  });
  if (lanes.length === 0) {
    return <p>No data</p>;
  }
  const most = Math.max(...lanes.flatMap(({ values }) => values.map((value) => value ?? 0)), Number.MIN_VALUE);
  const left = Math.ceil(Math.max(...lanes.map(({ name }) => measureText(name, font).width))) + 4 + gap;
  const [tall, long] = [(height - axis) / lanes.length, range.to.valueOf() - range.from.valueOf()];
  const at = (time: number) => left + ((Math.max(time, range.from.valueOf()) - range.from.valueOf()) / long) * (width - left);
  return (
    <svg width={width} height={height} className={styles} role="img" aria-label={lanes.map(({ name }) => name).join(', ')}>
      {lanes.map(({ name, times, values }, lane) => (
        <g key={name} transform={`translate(0 ${lane * tall})`}>
          <text x={left - gap} y={tall / 2 + 4} textAnchor="end">{name}</text>
          {values.map((value, row) =>
            value === null ? null : (
              <rect key={row} x={at(times[row]!)} width={Math.max(0, at(times[row + 1] ?? range.to.valueOf()) - at(times[row]!))} height={Math.max(1, tall - 1)} fillOpacity={value / most} />
            )
          )}
        </g>
      ))}
      <text x={left} y={height - 4}>{dateTimeFormat(range.from, { format: 'HH:mm', timeZone })}</text>
      <text x={width} y={height - 4} textAnchor="end">{dateTimeFormat(range.to, { format: 'HH:mm', timeZone })}</text>
    </svg>
  );
}

const stylesOf = (theme: GrafanaTheme2) => css({ display: 'block', fontSize: font, text: { fill: theme.colors.text.primary }, rect: { fill: theme.visualization.getColorByName('orange') } });
