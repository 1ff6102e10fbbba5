import { type MetricFindValue } from '@grafana/data';
import React, { useEffect, useState } from 'react';

import { type Loaded } from './plugin';
import { adHocFilters, shownRange } from './run';

/** What a dashboard's ad hoc filters may be: their keys, and of each its values, beside the filters in the page's address. */
export function FiltersPage({ datasource }: Loaded) {
  const [offered, setOffered] = useState<Record<string, MetricFindValue[]>>({});
  useEffect(() => {
    const list = async () => {
      const keys = tags(await datasource.getTagKeys?.({ filters: [] }));
      const values = keys.map(async ({ text }) => [text, tags(await datasource.getTagValues?.({ key: text, filters: adHocFilters(), timeRange: shownRange() }))] as const);
      setOffered(Object.fromEntries(await Promise.all(values)));
    };
    void list();
  }, [datasource]);
  return (
    <>
      <h1>Filters</h1>
      {Object.entries(offered).map(([key, values]) => (
        <ul key={key} aria-label={key}>
          {values.map(({ text }) => <li key={text}>{text}</li>)}
        </ul>
      ))}
    </>
  );
}

/** Some data sources answer with an object that has them. */
const tags = (answer: MetricFindValue[] | { data: unknown } | undefined) => (Array.isArray(answer) ? answer : []);
