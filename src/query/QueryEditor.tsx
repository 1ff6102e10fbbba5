import { type QueryEditorProps } from '@grafana/data';
import React, { useCallback } from 'react';

import { type DataSource } from '../datasource';
import { type FlinkQuery, type FlinkSettings, schemaVersion } from '../types';
import { ChoiceField } from './ChoiceField';
import { DetailField } from './DetailField';
import { Newer, Unknown } from './Faults';
import { NamesField } from './NamesField';
import { ParallelismField } from './ParallelismField';
import { changed, initialQuery, jobTypeOf, jobTypes, measureOf, measures, modes, offered, queryType, takes, variables } from './queryTypes';
import { Row } from './Row';
import { SubtaskField } from './SubtaskField';

type Props = QueryEditorProps<DataSource, FlinkQuery, FlinkSettings>;

/** The editor of a query: its type, what it is about, and what that type takes. */
export function QueryEditor({ app, datasource, onChange, onRunQuery, query: saved }: Props) {
  // A query without a type is a new one.
  const query: FlinkQuery = saved.queryType ? saved : { ...saved, ...initialQuery(app) };
  const change = useCallback(
    (change: Partial<FlinkQuery>) => {
      onChange(changed(query, change));
      onRunQuery();
    },
    // eslint-disable-next-line react-hooks/exhaustive-deps -- query is made of saved and app
    [app, onChange, onRunQuery, saved]
  );
  if (Number(query.schemaVersion) > schemaVersion) {
    return <Newer version={query.schemaVersion} onRenew={() => onChange({ ...common(saved), ...initialQuery(app) })} />;
  }
  const names = { app, datasource, query, onChange: change };
  const by = measureOf(query)?.by ?? [];
  return (
    <>
      {!queryType(query.queryType) && <Unknown what="type" value={query.queryType} />}
      <Row>
        <ChoiceField label="Query type" choices={offered(app)} value={query.queryType} known={queryType(query.queryType)} onChange={(queryType) => change({ queryType })} />
        {takes(query, 'measure') && (
          <ChoiceField label="Measure" choices={measures} value={query.measure || 'bottleneck'} onChange={(measure) => change({ measure })} />
        )}
        {takes(query, 'by') && by.length > 1 && (
          <ChoiceField label="By" choices={byChoices(by)} value={query.by || by[0]} width={20} onChange={(by) => change({ by })} />
        )}
        {takes(query, 'types') && (
          <ChoiceField label="Job types" choices={jobTypes} value={jobTypeOf(query.types)} width={20} onChange={(type) => change({ types: type === 'all' ? undefined : [type] })} />
        )}
        {takes(query, 'mode') && (
          <ChoiceField label="Threads" choices={modes} value={query.mode || 'full'} width={20} onChange={(mode) => change({ mode })} />
        )}
        {takes(query, 'variable') && (
          <ChoiceField label="List" choices={variables} value={query.variable} onChange={(variable) => change({ variable })} />
        )}
      </Row>
      <Row>
        {takes(query, 'clusters') && <NamesField label="Clusters" list="clusters" {...names} />}
        {takes(query, 'jobs') && <NamesField label="Jobs" list="jobs" {...names} />}
        {takes(query, 'tasks') && <NamesField label="Tasks" list="tasks" {...names} />}
        {takes(query, 'subtask') && <SubtaskField value={query.subtask} onChange={(subtask) => change({ subtask })} />}
        {takes(query, 'detail') && <DetailField value={query.detail} onChange={(detail) => change({ detail })} />}
        {takes(query, 'parallelism') && <ParallelismField value={query.parallelism} onChange={(parallelism) => change({ parallelism })} />}
      </Row>
    </>
  );
}

/** What every query has, whatever wrote it. */
const common = ({ refId, hide, datasource, key }: FlinkQuery): FlinkQuery => ({ refId, hide, datasource, key });

const byChoices = (by: string[]) =>
  by.map((value) => ({ value, label: `By ${value === 'taskmanager' ? 'TaskManager' : value}`, description: worst[value] ?? '' }));

/** Which value stands for a whole. */
const worst: Record<string, string> = { job: 'Of its worst task', task: 'Of its worst subtask', subtask: 'Each on its own', taskmanager: 'Of its worst subtask' };
