import { type QueryEditorProps } from '@grafana/data';
import React from 'react';

import { type DataSource } from '../datasource';
import { type FlinkQuery, type FlinkSettings, schemaVersion } from '../types';
import { ChoiceField } from './ChoiceField';
import { NamesField } from './NamesField';
import { changed, takes, variables } from './queryTypes';
import { Row } from './Row';

type Props = QueryEditorProps<DataSource, FlinkQuery, FlinkSettings>;

/** The editor of a dashboard variable: what it lists, and of which clusters, jobs and tasks. */
export function VariableEditor({ datasource, onChange, query: saved }: Props) {
  const query: FlinkQuery = {
    ...saved,
    refId: saved.refId || 'variable',
    schemaVersion: saved.schemaVersion ?? schemaVersion,
    queryType: 'variable',
    variable: saved.variable || 'jobs',
  };
  const change = (change: Partial<FlinkQuery>) => onChange(changed(query, change));
  const names = { datasource, query, onChange: change };
  return (
    <>
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
