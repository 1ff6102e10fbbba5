import { css } from '@emotion/css';
import { type GrafanaTheme2, type InterpolateFunction, rangeUtil, type TimeRange } from '@grafana/data';
import { Alert, useStyles2 } from '@grafana/ui';
import React, { useEffect, useLayoutEffect, useRef, useState } from 'react';

import { type Loaded } from '../plugin';
import { allSelected, type Variable } from '../variables';

import { load } from './load';
import { macros } from './macros';
import { type DashboardModel, grid, heightOf, laidOut, type PanelModel } from './model';
import { Panel } from './Panel';
import { resolved } from './variables';

interface Opened {
  dashboard: DashboardModel;
  variables: Variable[];
  range: TimeRange;
  replace: InterpolateFunction;
}

/**
 * A dashboard: ?uid=… chooses it, var-job=… sets a variable, from=… and to=… the
 * time range, rows=open opens the rows that are collapsed.
 */
export function DashboardPage(loaded: Loaded) {
  const [opened, setOpened] = useState<Opened>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => void open(loaded).then(setOpened, (error: Error) => setProblem(error.message)), [loaded]);
  if (problem) {
    return <Alert title={problem} severity="error" />;
  }
  return opened ? <Dashboard {...opened} loaded={loaded} /> : null;
}

async function open(loaded: Loaded): Promise<Opened> {
  const search = new URLSearchParams(location.search);
  const dashboard = await load(search.get('uid') ?? '');
  const range = rangeUtil.convertRawToRange({ from: search.get('from') ?? dashboard.time.from, to: search.get('to') ?? dashboard.time.to });
  const variables = await resolved(dashboard, loaded, search);
  return { dashboard, variables, range, replace: macros(dashboard, range) };
}

function Dashboard({ dashboard, loaded, range, replace, variables }: Opened & { loaded: Loaded }) {
  const styles = useStyles2(stylesOf);
  const [element, width] = useWidth();
  const panels = laidOut(dashboard.panels, new URLSearchParams(location.search).get('rows') === 'open');
  const ends = panels.map((panel) => panel.gridPos.y + panel.gridPos.h);
  return (
    <>
      <header className={styles.header}>
        <h1>{dashboard.title}</h1>
        <Controls dashboard={dashboard} variables={variables} name={loaded.settings.name} />
        <span className={styles.range}>{rangeUtil.describeTimeRange(range.raw)}</span>
      </header>
      <div ref={element} className={styles.grid} style={{ height: heightOf(Math.max(0, ...ends)) }} data-testid="grid">
        {width > 0 && panels.map((panel) => (
          <Panel key={panel.id} panel={panel} area={areaOf(panel, width)} datasource={loaded.datasource} range={range} replace={replace} />
        ))}
      </div>
    </>
  );
}

/** The variables as they stand. */
function Controls({ dashboard, name, variables }: { dashboard: DashboardModel; variables: Variable[]; name: string }) {
  const styles = useStyles2(stylesOf);
  const shown = dashboard.templating.list.filter(({ hide }) => hide !== 2);
  return (
    <dl className={styles.controls}>
      {shown.map((model) => (
        <div key={model.name} className={styles.control}>
          <dt>{model.label ?? model.name}</dt>
          <dd>{model.type === 'datasource' ? name : textOf(variables.find((variable) => variable.name === model.name))}</dd>
        </div>
      ))}
    </dl>
  );
}

const textOf = (variable: Variable | undefined) => (variable?.current ?? []).map((value) => (value === allSelected ? 'All' : value)).join(' + ');

/** In pixels, from the left and the top of the grid. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

function areaOf({ gridPos: { h, w, x, y } }: PanelModel, width: number): Area {
  const column = (width + grid.gap) / grid.columns;
  const left = Math.round(x * column);
  return { left, top: y * (grid.row + grid.gap), width: Math.round((x + w) * column) - grid.gap - left, height: heightOf(h) };
}

/** The width of an element, as it is at first: pages are made anew for another one. */
function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => setWidth(element.current?.clientWidth ?? 0), []);
  return [element, width];
}

const stylesOf = (theme: GrafanaTheme2) => ({
  header: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(2), marginBottom: theme.spacing(2) }),
  grid: css({ position: 'relative' }),
  range: css({ marginLeft: 'auto', color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize }),
  controls: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), margin: 0 }),
  control: css({
    display: 'flex', border: `1px solid ${theme.colors.border.medium}`, borderRadius: theme.shape.radius.default,
    fontSize: theme.typography.bodySmall.fontSize, lineHeight: '28px',
    'dt, dd': { margin: 0, padding: theme.spacing(0, 1) },
    dt: { background: theme.colors.background.secondary, fontWeight: theme.typography.fontWeightMedium },
    dd: { background: theme.components.input.background },
  }),
});
