import { type DataQuery } from '@grafana/data';
import React, { useState } from 'react';

import { type Loaded } from './plugin';

/** The help of the query editor, and the query of the example that was clicked. */
export function HelpPage({ datasource, plugin }: Loaded) {
  const [query, setQuery] = useState<DataQuery>({ refId: 'A' });
  const QueryEditorHelp = plugin.components.QueryEditorHelp;
  return (
    <>
      <h1>Help</h1>
      {QueryEditorHelp && <QueryEditorHelp datasource={datasource} query={query} onClickExample={setQuery} />}
      <pre data-testid="query">{JSON.stringify(query, null, 2)}</pre>
    </>
  );
}
