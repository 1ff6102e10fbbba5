import { CoreApp, type DataQuery, LoadingState, type PanelData } from '@grafana/data';
import React, { useState } from 'react';

import { type Loaded } from '../plugin';
import { shownRange } from '../run';

import { type PanelModel } from './model';
import { Panel } from './Panel';

/** In pixels, how wide the answer is: six columns of the bottlenecks; and how high unless height= in the address says otherwise. */
const [width, tall] = [1202, 420];

/** How what a rule evaluates is drawn: a bar each, red where the bundled rule fires. */
const evaluated = {
  options: { orientation: 'horizontal', displayMode: 'basic', reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } },
  fieldConfig: { defaults: { thresholds: { mode: 'absolute', steps: [{ value: -Infinity, color: 'green' }, { value: 0.5, color: 'red' }] }, color: { mode: 'thresholds' } }, overrides: [] },
};

/**
 * A query's editor, and below it its answer as a panel draws it: the address' fragment
 * holds the query, panel=… is the type of panel, title=… its title, and app=unified-alerting
 * has the editor of a rule.
 */
export function ExplorePage({ datasource, plugin }: Loaded) {
  const search = new URLSearchParams(location.search);
  const rule = search.get('app') === CoreApp.UnifiedAlerting;
  const [range] = useState(shownRange);
  const [query] = useState<DataQuery>(() => ({ ...JSON.parse(decodeURIComponent(location.hash.slice(1))), datasource: datasource.getRef(), refId: 'A' }));
  const [panel] = useState<PanelModel>(() => ({
    id: 1, type: search.get('panel') ?? 'table', title: search.get('title') ?? 'Table', gridPos: { x: 0, y: 0, w: 24, h: 8 }, targets: [query],
    ...(rule && evaluated),
  }) as PanelModel);
  const QueryEditor = plugin.components.QueryEditor;
  const data: PanelData = { state: LoadingState.Done, series: [], timeRange: range };
  const height = Number(search.get('height') ?? tall);
  return (
    <>
      <h1>{rule ? 'Alert rule' : 'Explore'}</h1>
      <section aria-label="Query A">
        {QueryEditor && <QueryEditor app={rule ? CoreApp.UnifiedAlerting : CoreApp.Explore} datasource={datasource} query={query} queries={[query]} data={data} range={range} onChange={() => undefined} onRunQuery={() => undefined} />}
      </section>
      <div style={{ height, marginTop: 16, position: 'relative' }}>
        <Panel area={{ left: 0, top: 0, width, height }} panel={panel} datasource={datasource} range={range} replace={(text = '') => text} />
      </div>
    </>
  );
}
