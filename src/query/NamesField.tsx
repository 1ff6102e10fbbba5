import { type CoreApp, type SelectableValue, type TimeRange } from '@grafana/data';
import { Field, MultiSelect } from '@grafana/ui';
import React, { useId, useMemo, useState } from 'react';

import { type FlinkQuery, type Lister } from '../types';
import { expressionFault, isExpression } from './expression';
import { names } from './interpolate';
import { menu, typed } from './menu';
import { alerting } from './queryTypes';
import { useNames } from './useNames';

interface Props {
  label: string;
  list: 'clusters' | 'jobs' | 'tasks';
  /** Where one edits: alert rules know no variables. */
  app?: CoreApp | `${CoreApp}`;
  datasource: Lister;
  query: FlinkQuery;
  /** The time that names are offered of. */
  range?: TimeRange;
  onChange: (change: Partial<FlinkQuery>) => void;
}

/**
 * Names chosen from a menu that the backend fills, or typed: variables, names
 * that are not there yet, /regular expressions/. Nothing chosen means all.
 */
export function NamesField({ label, list, app, datasource, query, range, onChange }: Props) {
  const id = useId();
  const [search, setSearch] = useState('');
  const { listed, loading, problem, load } = useNames(datasource, list, query, range, !alerting(app));
  const options = useMemo(() => menu(listed, search), [listed, search]);
  const chosen = names(query[list]);
  const texts = [...chosen, search.trim()];
  const fault = texts.map(expressionFault).find(Boolean);
  const help = problem ?? (texts.some(isExpression) ? unanchored : undefined);
  return (
    <Field label={label} htmlFor={id} noMargin description={help} invalid={Boolean(fault)} error={fault} style={{ minWidth: 240, flex: '1 1 240px', maxWidth: 480 }}>
      <MultiSelect
        inputId={id}
        placeholder={`All ${list}`}
        value={chosen.map((value) => ({ value, label: value }))}
        options={options}
        // The menu is filtered before it is drawn: of thousands only some are.
        filterOption={keep}
        isLoading={loading}
        loadingMessage="Asking Flink"
        noOptionsMessage={problem ?? 'No name fits: type one, a $variable or a /regular expression/'}
        allowCustomValue
        allowCreateWhileLoading
        formatCreateLabel={typed}
        onOpenMenu={load}
        onInputChange={setSearch}
        onCloseMenu={() => setSearch('')}
        onChange={(values) => onChange({ [list]: trimmed(values) })}
        closeMenuOnSelect={false}
        menuShouldPortal
      />
    </Field>
  );
}

const keep = () => true;

const unanchored = 'An expression matches anywhere in a name: ^ is its begin, $ its end.';

/** What was chosen, without the spaces around it. */
const trimmed = (values: Array<SelectableValue<string>>) => values.map(({ value }) => (value ?? '').trim()).filter((text) => text !== '');
