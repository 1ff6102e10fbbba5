import { type QueryEditorProps } from '@grafana/data';
import React, { useCallback } from 'react';

import { type DataSource } from '../datasource';
import { type FlinkQuery, type FlinkSettings, schemaVersion } from '../types';
import { ChoiceField } from './ChoiceField';
import { DetailField } from './DetailField';
import { Newer, Unknown } from './Faults';
import { LegendField } from './LegendField';
import { NamesField } from './NamesField';
import { ParallelismField } from './ParallelismField';
import { changed, detailOf, initialQuery, jobTypeOf, jobTypes, measures, modes, offered, queryType, seriesOf, takes, typeless, variables } from './queryTypes';
import { Row } from './Row';
import { SubtaskField } from './SubtaskField';

type Props = QueryEditorProps<DataSource, FlinkQuery, FlinkSettings>;

/** The editor of a query: its type, what it is about, and what that type takes. */
export function QueryEditor({ app, datasource, onChange, onRunQuery, query: saved, range }: Props) {
  const query: FlinkQuery = saved.queryType ? saved : { ...saved, ...typeless(app) };
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
  const names = { app, datasource, query, range, onChange: change };
  const series = seriesOf(query);
  return (
    <>
      {!queryType(query.queryType) && <Unknown what="type" value={query.queryType} />}
      <Row>
        <ChoiceField label="Query type" choices={offered(app)} value={query.queryType} known={queryType(query.queryType)} onChange={(queryType) => change({ queryType })} />
        {takes(query, 'measure') && (
          <ChoiceField label="Measure" choices={measures} value={query.measure || 'bottleneck'} onChange={(measure) => change({ measure })} />
        )}
        {takes(query, 'by') && series.length > 1 && (
          <ChoiceField label="One series per" choices={seriesChoices(series, query)} value={query.by || series[0]} width={20} onChange={(by) => change({ by })} />
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
        {takes(query, 'detail') && <DetailField {...detailOf(query)} value={query.detail} onChange={(detail) => change({ detail })} />}
        {takes(query, 'legend') && <LegendField value={query.legend} onChange={(legend) => change({ legend })} />}
        {takes(query, 'parallelism') && <ParallelismField value={query.parallelism} onChange={(parallelism) => change({ parallelism })} />}
      </Row>
    </>
  );
}

/** What every query has, whatever wrote it. */
const common = ({ refId, hide, datasource, key }: FlinkQuery): FlinkQuery => ({ refId, hide, datasource, key });

const seriesChoices = (by: string[], query: FlinkQuery) =>
  by.map((value) => ({ value, label: labels[value] ?? value, description: hasWorst(query) ? (worst[value] ?? '') : '' }));

const labels: Record<string, string> = { job: 'Job', task: 'Task', subtask: 'Subtask', taskmanager: 'TaskManager', cluster: 'Cluster' };

/** Whether the worst value stands for a whole: not so of records. */
const hasWorst = ({ queryType, measure }: FlinkQuery) => queryType === 'timeline' || !measure?.includes('records');

/** Which value stands for a whole. */
const worst: Record<string, string> = { job: 'Of its worst task', task: 'Of its worst subtask', subtask: 'Each on its own', taskmanager: 'Of its worst subtask' };
