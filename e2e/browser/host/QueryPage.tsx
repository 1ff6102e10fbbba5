import { CoreApp, type DataQuery, LoadingState, type PanelData } from '@grafana/data';
import { Button } from '@grafana/ui';
import React, { useCallback, useRef, useState } from 'react';

import { Answer } from './Answer';
import { run, shownRange } from './run';
import { type Loaded } from './plugin';

/** A panel's editor with one query: the address' fragment holds it, app=unified-alerting makes it a rule's, and app=explore one of Explore. */
export function QueryPage({ datasource, plugin }: Loaded) {
  const asked = new URLSearchParams(location.search).get('app');
  const app = [CoreApp.UnifiedAlerting, CoreApp.Explore].find((app) => app === asked) ?? CoreApp.PanelEditor;
  const [query, setQuery] = useState<DataQuery>(() => saved(datasource, app));
  const [data, setData] = useState<PanelData>({ state: LoadingState.NotStarted, series: [], timeRange: shownRange() });
  // An editor may change the query and run it at once: that is the changed one.
  const latest = useRef(query);
  const change = useCallback((next: DataQuery) => {
    latest.current = next;
    setQuery(next);
  }, []);
  const runQuery = useCallback(() => {
    setData((before) => ({ ...before, state: LoadingState.Loading }));
    void run(datasource, [latest.current]).then(setData);
  }, [datasource]);
  const QueryEditor = plugin.components.QueryEditor;
  return (
    <>
      <h1>Edit panel</h1>
      <section aria-label="Query A">
        {QueryEditor && (
          <QueryEditor app={app} datasource={datasource} query={query} queries={[query]} data={data} range={data.timeRange} onChange={change} onRunQuery={runQuery} />
        )}
      </section>
      <Button onClick={runQuery}>Run queries</Button>
      <pre data-testid="query">{JSON.stringify(query, null, 2)}</pre>
      <Answer data={data} />
    </>
  );
}

/** The query in the address, or the one that a new panel begins with. */
function saved(datasource: Loaded['datasource'], app: CoreApp): DataQuery {
  const ref = { datasource: datasource.getRef(), refId: 'A' };
  const kept = decodeURIComponent(location.hash.slice(1));
  return kept ? { ...ref, ...JSON.parse(kept) } : { ...ref, ...datasource.getDefaultQuery?.(app) };
}
