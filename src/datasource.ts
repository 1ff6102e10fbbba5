import {
  type AdHocVariableFilter, type AnnotationSupport, type CoreApp, type DataQueryRequest, type DataQueryResponse, type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings, type MetricFindValue, type ScopedVars, type TimeRange,
} from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv } from '@grafana/runtime';
import { defer, type Observable } from 'rxjs';

import { filtered, filterKeys, valuesOf } from './query/adhoc';
import { displayText } from './query/displayText';
import { interpolated, interpolatedAll } from './query/interpolate';
import { annotationQuery, initialAnnotation, initialQuery, typeless } from './query/queryTypes';
import { type FlinkQuery, type FlinkSettings, type Listing, type Names } from './types';
import { Variables } from './variables';

/** A new annotation shows events; any other table with a time annotates, too. */
const annotations: AnnotationSupport<FlinkQuery> = {
  getDefaultQuery: () => initialAnnotation,
  prepareQuery: ({ target }) => annotationQuery(target),
};

/**
 * The data source as dashboards see it: the backend answers, this fills in
 * dashboard variables. Its constructor has exactly one parameter, or some
 * Grafanas take it for an Angular class.
 */
export class DataSource extends DataSourceWithBackend<FlinkQuery, FlinkSettings> {
  constructor(settings: DataSourceInstanceSettings<FlinkSettings>) {
    super(settings);
    this.variables = new Variables(this);
    this.annotations = annotations;
  }

  getDefaultQuery(app: CoreApp): Partial<FlinkQuery> {
    return initialQuery(app);
  }

  query(request: DataQueryRequest<FlinkQuery>): Observable<DataQueryResponse> {
    // A filter that cannot be applied is the query's error, not the page's.
    return defer(() => super.query(request));
  }

  applyTemplateVariables(query: FlinkQuery, scopedVars: ScopedVars, filters?: AdHocVariableFilter[]): FlinkQuery {
    const whole = query.queryType ? query : { ...query, ...typeless() };
    return filtered(interpolated(whole, getTemplateSrv(), scopedVars), filters);
  }

  interpolateVariablesInQueries(queries: FlinkQuery[], scopedVars: ScopedVars, filters?: AdHocVariableFilter[]): FlinkQuery[] {
    return queries.map((query) => this.applyTemplateVariables(query, scopedVars, filters));
  }

  /** A query for names that has not chosen which is not sent. */
  filterQuery(query: FlinkQuery): boolean {
    return !query.hide && !(query.queryType === 'variable' && !query.variable);
  }

  getQueryDisplayText(query: FlinkQuery): string {
    return displayText(query);
  }

  getTagKeys(): Promise<MetricFindValue[]> {
    return Promise.resolve(Object.keys(filterKeys).map((text) => ({ text })));
  }

  async getTagValues({ key, filters, timeRange }: DataSourceGetTagValuesOptions<FlinkQuery>): Promise<MetricFindValue[]> {
    const of = valuesOf(key, filters);
    const { names } = 'list' in of ? await this.names(of.list, of.chosen, timeRange) : of;
    return names.map((text) => ({ text }));
  }

  /** Lists names for the editor, of a time range, among what the query has chosen so far. */
  names(list: Listing, chosen: Pick<FlinkQuery, 'clusters' | 'jobs'>, range?: TimeRange): Promise<Names> {
    const parameters = {
      cluster: interpolatedAll(chosen.clusters, getTemplateSrv()),
      job: interpolatedAll(chosen.jobs, getTemplateSrv()),
      ...timesOf(range),
    };
    return this.getResource(list, parameters, { showErrorAlert: false });
  }
}

/** The time range as the backend reads it. One that goes on has its end at the clock's time, not at the last refresh. */
function timesOf(range?: TimeRange) {
  return !range || range.raw.to === 'now' ? {} : { from: range.from.valueOf(), to: range.to.valueOf() };
}
