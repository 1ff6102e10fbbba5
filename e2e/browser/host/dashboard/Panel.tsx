import { css } from '@emotion/css';
import { type DataFrame, type GrafanaTheme2, type InterpolateFunction, LoadingState, type TimeRange } from '@grafana/data';
import { PanelChrome, useStyles2, useTheme2 } from '@grafana/ui';
import React, { useEffect, useState } from 'react';

import { type Loaded } from '../plugin';
import { answered, requestFor } from '../run';

import { problemsOf } from './contract';
import { type Area } from './DashboardPage';
import { drawings } from './drawings';
import { configured, transformed, unknownSettings, unknownTransformations } from './fields';
import { type PanelModel } from './model';
import { note } from './report';

export interface PanelProps {
  panel: PanelModel;
  datasource: Loaded['datasource'];
  range: TimeRange;
  replace: InterpolateFunction;
}

/** What a panel is drawn from. */
export interface Shown {
  panel: PanelModel;
  frames: DataFrame[];
  range: TimeRange;
  replace: InterpolateFunction;
  width: number;
  height: number;
}

interface Answer {
  state: LoadingState;
  frames: DataFrame[];
  notices: string[];
  problem?: string;
}

const loading: Answer = { state: LoadingState.Loading, frames: [], notices: [] };

export function Panel({ area, panel, ...rest }: PanelProps & { area: Area }) {
  const styles = useStyles2(stylesOf);
  return (
    <div className={styles.place} style={area} data-panel={panel.id}>
      {panel.type === 'row' ? <h2 className={styles.row}>{`${panel.collapsed ? '›' : '⌄'} ${panel.title ?? ''}`}</h2> : <Chrome area={area} panel={panel} {...rest} />}
    </div>
  );
}

function Chrome({ area, datasource, panel, range, replace }: PanelProps & { area: Area }) {
  const theme = useTheme2();
  const [answer, setAnswer] = useState(loading);
  useEffect(() => void shown(panel, datasource, range, replace, area.width, theme).then(setAnswer), [panel, datasource, range, replace, area.width, theme]);
  const drawing = drawings[panel.type];
  return (
    <PanelChrome
      title={panel.title && replace(panel.title)}
      description={panel.description}
      width={area.width}
      height={area.height}
      padding={panel.type === 'table' ? 'none' : 'md'}
      displayMode={panel.transparent ? 'transparent' : 'default'}
      loadingState={answer.state}
      statusMessage={answer.problem}
      statusItems={answer.notices.map((text) => ({ severity: 'info' as const, text }))}
    >
      {(width, height) =>
        answer.state === LoadingState.Done && drawing ? (
          <drawing.Component panel={panel} frames={answer.frames} range={range} replace={replace} width={width} height={height} />
        ) : null
      }
    </PanelChrome>
  );
}

/** The panel's frames as it draws them; what is wrong with them is noted for the tests. */
async function shown(panel: PanelModel, datasource: Loaded['datasource'], range: TimeRange, replace: InterpolateFunction, width: number, theme: GrafanaTheme2): Promise<Answer> {
  const targets = (panel.targets ?? []).map((target) => ({ ...target, datasource: datasource.getRef() }));
  const asked = requestFor(targets, 'dashboard', range, panel.maxDataPoints ?? Math.round(width));
  const { error, series, state } = await answered(datasource, asked);
  const frames = await transformed(panel, series, replace);
  const ready = configured(panel, frames, replace, theme);
  const unknown = [...unsupported(panel, datasource), ...unknownSettings(panel).map((id) => `a setting of fields is ${id}`), ...unknownTransformations(panel).map((id) => `a transformation is ${id}`)];
  const problems = [...(error ? [error.message ?? 'The query failed.'] : problemsOf(panel, series, ready)), ...unknown];
  const drawing = drawings[panel.type];
  note({
    id: panel.id, title: panel.title ?? '', type: panel.type, standIn: drawing?.standIn ?? false, drawnBy: drawing?.by ?? '',
    rows: series.map(({ length }) => length), sources: series.flatMap(({ meta }) => meta?.custom?.source ?? []),
    problems: drawing ? problems : [...problems, `there is no drawing of ${panel.type}`],
  });
  const notices = series.flatMap(({ meta }) => (meta?.notices ?? []).map(({ text }) => text));
  return { state, frames: ready, notices, problem: error?.message };
}

/** What Grafana has and this page does not: nothing of it is drawn otherwise in silence. */
const unsupported = ({ repeat, targets = [], timeFrom, timeShift }: PanelModel, { type }: Loaded['datasource']) => [
  ...(repeat ? ['the page repeats no panels'] : []),
  ...(timeFrom || timeShift ? ['the page has no time range of its own for a panel'] : []),
  ...targets.filter(({ datasource }) => datasource && datasource.type !== type).map(({ refId }) => `query ${refId} is for another data source`),
];

const stylesOf = (theme: GrafanaTheme2) => ({
  place: css({ position: 'absolute' }),
  row: css({ margin: 0, fontSize: theme.typography.h5.fontSize, lineHeight: '30px' }),
});
