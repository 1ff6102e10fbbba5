import { CustomVariableSupport, type DataQuery, type DataQueryResponse, getDefaultTimeRange } from '@grafana/data';
import { Button } from '@grafana/ui';
import React, { useState } from 'react';
import { from, lastValueFrom } from 'rxjs';

import { requestFor } from './run';
import { type Loaded } from './plugin';

interface Outcome {
  values: string[];
  problem?: string;
}

/** The editor of a dashboard variable, and the values that it then has. */
export function VariablePage({ datasource }: Loaded) {
  const [query, setQuery] = useState<DataQuery>(() => saved(datasource));
  const [outcome, setOutcome] = useState<Outcome>();
  const support = datasource.variables;
  if (!(support instanceof CustomVariableSupport)) {
    return <p>The data source has no editor for variables.</p>;
  }
  const list = () => void listed(support, query).then(setOutcome);
  const Editor = support.editor;
  return (
    <>
      <h1>Edit variable</h1>
      <section aria-label="Query options">
        <Editor datasource={datasource} query={query} onChange={setQuery} onRunQuery={list} data={undefined} range={getDefaultTimeRange()} />
      </section>
      <Button onClick={list}>Preview values</Button>
      <pre data-testid="query">{JSON.stringify(query, null, 2)}</pre>
      <section aria-label="Preview of values">
        <ul>{outcome?.values.map((value) => <li key={value}>{value}</li>)}</ul>
        {outcome && <p role="status">{outcome.problem ?? `${outcome.values.length} values`}</p>}
      </section>
    </>
  );
}

/** The query in the address, or the one that a new variable begins with. */
function saved(datasource: Loaded['datasource']): DataQuery {
  const kept = decodeURIComponent(location.hash.slice(1));
  const query = kept ? JSON.parse(kept) : datasource.variables?.getDefaultQuery?.();
  // Grafana hands a text through, as another data source may have left it.
  return typeof query === 'string' ? (query as unknown as DataQuery) : { refId: '', ...query };
}

/** The values that a variable with that query has. */
export async function listed(support: Loaded['datasource']['variables'], query: DataQuery): Promise<Outcome> {
  if (!(support instanceof CustomVariableSupport)) {
    return { values: [], problem: 'The data source has no variables.' };
  }
  try {
    const answered: DataQueryResponse = await lastValueFrom(from(support.query(requestFor([query], 'unknown'))));
    const problem = answered.errors?.[0] ?? answered.error;
    const field = answered.data[0]?.fields.find(({ name }: { name: string }) => name === 'value');
    return { values: Array.from<string>(field?.values ?? []), problem: problem?.message };
  } catch (error) {
    return { values: [], problem: (error as Error).message };
  }
}
