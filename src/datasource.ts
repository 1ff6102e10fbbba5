import { type CoreApp, type DataSourceInstanceSettings, type ScopedVars } from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv } from '@grafana/runtime';

import { interpolated, interpolatedAll } from './query/interpolate';
import { initialQuery } from './query/queryTypes';
import { type FlinkQuery, type FlinkSettings, type Listing, type Names } from './types';
import { Variables } from './variables';

/**
 * The data source as dashboards see it: the backend answers, this fills in
 * dashboard variables. Its constructor has exactly one parameter, or some
 * Grafanas take it for an Angular class.
 */
export class DataSource extends DataSourceWithBackend<FlinkQuery, FlinkSettings> {
  constructor(settings: DataSourceInstanceSettings<FlinkSettings>) {
    super(settings);
    this.variables = new Variables(this);
    // A table with a time, such as the jobs with their start, annotates.
    this.annotations = {};
  }

  getDefaultQuery(app: CoreApp): Partial<FlinkQuery> {
    return initialQuery(app);
  }

  applyTemplateVariables(query: FlinkQuery, scopedVars: ScopedVars): FlinkQuery {
    // One that was never edited is what the editor shows for it.
    const whole = query.queryType ? query : { ...query, ...initialQuery() };
    return interpolated(whole, getTemplateSrv(), scopedVars);
  }

  interpolateVariablesInQueries(queries: FlinkQuery[], scopedVars: ScopedVars): FlinkQuery[] {
    return queries.map((query) => this.applyTemplateVariables(query, scopedVars));
  }

  /** Lists names for the editor, among what the query has chosen so far. */
  names(list: Listing, chosen: Pick<FlinkQuery, 'clusters' | 'jobs'>): Promise<Names> {
    const parameters = {
      cluster: interpolatedAll(chosen.clusters, getTemplateSrv()),
      job: interpolatedAll(chosen.jobs, getTemplateSrv()),
    };
    return this.getResource(list, parameters, { showErrorAlert: false });
  }
}
