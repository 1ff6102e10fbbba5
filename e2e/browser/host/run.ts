import {
  type AdHocVariableFilter, type CoreApp, type DataQuery, type DataQueryRequest, type DataQueryResponse, dateTime, LoadingState, type PanelData, type TimeRange, toDataFrame,
} from '@grafana/data';
import { from, lastValueFrom } from 'rxjs';

import { type Loaded } from './plugin';

/** The last hour. */
export function lastHour(): TimeRange {
  const to = dateTime();
  return { from: dateTime(to).subtract(1, 'h'), to, raw: { from: 'now-1h', to: 'now' } };
}

/** The range in the page's address, from= and to= in milliseconds as in Grafana's, else the last hour. */
export function shownRange(search = new URLSearchParams(location.search)): TimeRange {
  const [from, to] = [search.get('from'), search.get('to')];
  if (!from || !to) {
    return lastHour();
  }
  const range = { from: dateTime(Number(from)), to: dateTime(Number(to)) };
  return { ...range, raw: range };
}

let requests = 0;

/** A request as a panel with these queries makes it. */
export function requestFor(targets: DataQuery[], app: `${CoreApp}`, range = shownRange(), maxDataPoints = 500): DataQueryRequest {
  return {
    app, targets, range, requestId: `Q${++requests}`, interval: '10s', intervalMs: 10_000, maxDataPoints,
    filters: adHocFilters(), scopedVars: {}, startTime: Date.now(), timezone: 'browser', rangeRaw: range.raw,
  };
}

/** The dashboard's ad hoc filters, in the page's address as in Grafana's: var-Filters=job|=|orders. */
export function adHocFilters(search = new URLSearchParams(location.search)): AdHocVariableFilter[] {
  return search.getAll('var-Filters').map((text) => {
    const [key = '', operator = '', value = ''] = text.split('|');
    return { key, operator, value };
  });
}

/** Runs the queries of the panel that is edited. */
export const run = (datasource: Loaded['datasource'], queries: DataQuery[]) => answered(datasource, requestFor(queries, 'panel-editor'));

/** What comes of those of a request's queries that the data source does not filter out. */
export async function answered(datasource: Loaded['datasource'], asked: DataQueryRequest): Promise<PanelData> {
  const targets = asked.targets.filter((query) => !query.hide && (datasource.filterQuery?.(query) ?? true));
  const request = { ...asked, targets };
  if (targets.length === 0) {
    return { state: LoadingState.Done, series: [], timeRange: request.range };
  }
  try {
    return panelData(await lastValueFrom(from(datasource.query(request))), request);
  } catch (error) {
    const { message } = error as Error;
    return { state: LoadingState.Error, series: [], timeRange: request.range, error: { message } };
  }
}

function panelData(response: DataQueryResponse, request: DataQueryRequest): PanelData {
  const errors = response.errors ?? (response.error ? [response.error] : undefined);
  return {
    state: errors ? LoadingState.Error : LoadingState.Done,
    series: response.data.map((frame) => toDataFrame(frame)),
    error: errors?.[0], errors, request, timeRange: request.range,
  };
}
