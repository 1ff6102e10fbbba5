import { css } from '@emotion/css';
import { type DataFrame, dateTimeFormat, type Field, FieldType, formattedValueToString, getFieldDisplayName, type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { measureText, useStyles2, useTheme2 } from '@grafana/ui';
import React from 'react';

import { timeZone } from './fields';
import { type Shown } from './Panel';

/** The value of a field from one time to the next, in ms. */
interface Span {
  from: number;
  to: number;
  text: string;
  color: string;
}

const [font, lineHeight, axis, legend, gap] = [12, 14, 24, 26, 8];

/** Stands in for the State timeline panel: a lane a field, a coloured span a value. */
export function Lanes({ frames, height, panel, range, width }: Shown) {
  const styles = useStyles2(stylesOf);
  const theme = useTheme2();
  const { mergeValues = true, rowHeight = 0.9, showValue = 'auto' } = (panel.options ?? {}) as { mergeValues?: boolean; rowHeight?: number; showValue?: string };
  const lanes = frames.flatMap((frame) => lanesOf(frame, frames, range, mergeValues));
  if (lanes.length === 0) {
    return <p>No data</p>;
  }
  const left = Math.ceil(Math.max(...lanes.map(({ name }) => measureText(name, font).width))) + 4 + gap;
  const tall = (height - axis - legend) / lanes.length;
  const scale = (width - left) / (range.to.valueOf() - range.from.valueOf());
  const at = (time: number) => (time - range.from.valueOf()) * scale;
  const words = new Map(lanes.flatMap(({ spans }) => spans).map(({ color, text }) => [text, color]));
  return (
    <div className={styles.all} style={{ width, height }} role="img" aria-label={lanes.map(({ name, spans }) => `${name}: ${[...new Set(spans.map(({ text }) => text))].join(', ')}`).join('; ')}>
      {lanes.map(({ name, spans }, lane) => (
        <React.Fragment key={name}>
          {lane % Math.ceil(lineHeight / tall) === 0 && <div className={styles.name} style={{ top: lane * tall, height: tall, width: left - gap }}>{name}</div>}
          {spans.map(({ color, from, text, to }) => (
            <div
              key={from}
              className={styles.span}
              style={{ background: color, color: theme.colors.getContrastText(color, 4.5), left: left + at(from), width: Math.max(1, at(to) - at(from)), top: lane * tall + (tall * (1 - rowHeight)) / 2, height: tall * rowHeight }}
            >
              {showValue !== 'never' && (showValue === 'always' || measureText(text, font).width + 6 < at(to) - at(from)) && tall * rowHeight > font ? text : ''}
            </div>
          ))}
        </React.Fragment>
      ))}
      {ticks(range).map((time) => (
        <div key={time} className={styles.tick} style={{ left: left + at(time), top: lanes.length * tall }}>{dateTimeFormat(time, { format: 'HH:mm', timeZone })}</div>
      ))}
      <ul className={styles.legend}>
        {[...words].map(([text, color]) => (
          <li key={text}><span style={{ background: color }} />{text}</li>
        ))}
      </ul>
    </div>
  );
}

function lanesOf(frame: DataFrame, all: DataFrame[], range: TimeRange, merge: boolean) {
  const time = frame.fields.find(({ type }) => type === FieldType.time);
  return frame.fields
    .filter((field) => field !== time && frame.length > 0)
    .map((field) => ({ name: getFieldDisplayName(field, frame, all), spans: spansOf(field, time?.values ?? [], range, merge) }));
}

/** Each value holds until the next one, the last until the end; equal ones are one span; null is a hole. */
function spansOf(field: Field, times: number[], range: TimeRange, merge: boolean): Span[] {
  const spans: Span[] = [];
  const end = range.to.valueOf();
  times.forEach((time, row) => {
    const value: unknown = field.values[row];
    const [from, to] = [Math.max(time, range.from.valueOf()), Math.min(times[row + 1] ?? end, end)];
    if (value === null || value === undefined || to <= from) {
      return;
    }
    const shown = field.display!(value);
    const text = formattedValueToString(shown);
    const last = spans.at(-1);
    if (merge && last?.text === text && last.to === from) {
      last.to = to;
    } else {
      spans.push({ from, to, text, color: shown.color ?? '#808080' });
    }
  });
  return spans;
}

/** Five to ten round times. */
function ticks(range: TimeRange): number[] {
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440].map((minutes) => minutes * 60_000).find((one) => (to - from) / one <= 10) ?? to - from;
  return Array.from({ length: Math.floor(to / step) - Math.ceil(from / step) + 1 }, (_, tick) => (Math.ceil(from / step) + tick) * step).filter((time) => (time - from) / (to - from) < 0.97);
}

const stylesOf = (theme: GrafanaTheme2) => ({
  all: css({ position: 'relative', overflow: 'hidden', fontSize: font }),
  name: css({ position: 'absolute', left: 0, display: 'flex', alignItems: 'center', justifyContent: 'flex-end', whiteSpace: 'nowrap' }),
  span: css({ position: 'absolute', display: 'flex', alignItems: 'center', paddingLeft: 3, overflow: 'hidden', whiteSpace: 'nowrap' }),
  tick: css({ position: 'absolute', height: axis, lineHeight: `${axis}px`, transform: 'translateX(-50%)', whiteSpace: 'nowrap' }),
  legend: css({
    position: 'absolute', left: 0, bottom: 0, display: 'flex', gap: theme.spacing(2), margin: 0, padding: 0, height: legend, alignItems: 'center', listStyle: 'none',
    'li > span': { display: 'inline-block', width: 14, height: 4, borderRadius: 2, marginRight: 6, verticalAlign: 'middle' },
  }),
});
