import { type TimeRange } from '@grafana/data';
import React from 'react';

import { type FlinkQuery, type Lister, schemaVersion } from '../types';
import { ChoiceField } from './ChoiceField';
import { Newer, Unknown } from './Faults';
import { NamesField } from './NamesField';
import { changed, initialVariable, takes, variables } from './queryTypes';
import { Row } from './Row';

interface Props {
  datasource: Lister;
  query: FlinkQuery;
  range?: TimeRange;
  onChange: (query: FlinkQuery) => void;
}

/** The editor of a dashboard variable: what it lists, and of which clusters, jobs and tasks. */
export function VariableEditor({ datasource, onChange, query: saved, range }: Props) {
  const query = variableQuery(saved);
  if (Number(query.schemaVersion) > schemaVersion) {
    return <Newer version={query.schemaVersion} onRenew={() => onChange(initialVariable)} />;
  }
  const change = (change: Partial<FlinkQuery>) => onChange(changed(query, change));
  const names = { datasource, query, range, onChange: change };
  return (
    <>
      {!variables.some(({ value }) => value === query.variable) && <Unknown what="list" value={query.variable} />}
      <Row>
        <ChoiceField label="List" choices={variables} value={query.variable} onChange={(variable) => change({ variable })} />
      </Row>
      <Row>
        {takes(query, 'clusters') && <NamesField label="Clusters" list="clusters" {...names} />}
        {takes(query, 'jobs') && <NamesField label="Jobs" list="jobs" {...names} />}
        {takes(query, 'tasks') && <NamesField label="Tasks" list="tasks" {...names} />}
      </Row>
    </>
  );
}

/** What a variable asks for: one that another data source left, a text, is none of ours. */
export function variableQuery(saved: unknown): FlinkQuery {
  const query: Partial<FlinkQuery> = typeof saved === 'object' && saved !== null ? saved : {};
  return { ...initialVariable, ...query, refId: query.refId || initialVariable.refId, queryType: 'variable', variable: query.variable || initialVariable.variable };
}
