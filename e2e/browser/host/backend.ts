import { type BackendSrv, type BackendSrvRequest, type FetchError, type FetchResponse } from '@grafana/runtime';
import { from, type Observable } from 'rxjs';

import { toast } from './toasts';

/** Sends requests as Grafana's BackendSrv does: an answer of 400 or more is an error with its body. */
async function ask<T>(config: BackendSrvRequest): Promise<FetchResponse<T>> {
  const query = serialized(config.params ?? {});
  const response = await fetch(config.url + (query && `?${query}`), {
    method: config.method ?? 'GET',
    headers: { 'Content-Type': 'application/json', ...config.headers },
    body: config.data === undefined ? undefined : JSON.stringify(config.data),
    signal: config.abortSignal,
  });
  const { status, statusText, ok, headers, redirected, type, url } = response;
  const data = parsed(await response.text());
  if (!ok) {
    const error: FetchError = { status, statusText, data, config };
    alertOf(error);
    throw error;
  }
  return { status, statusText, ok, headers, redirected, type, url, data: data as T, config };
}

/** A list becomes one parameter for each of its elements. */
function serialized(params: Record<string, unknown>): string {
  return Object.entries(params)
    .flatMap(([key, value]) => [value].flat().map((one) => `${encodeURIComponent(key)}=${encodeURIComponent(String(one))}`))
    .join('&');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Grafana shows a toast for whatever fails, but data queries, unless that is turned off. */
function alertOf({ config, data, status }: FetchError) {
  if (config.showErrorAlert ?? !config.url.includes('api/ds/query')) {
    toast(`${config.url}: ${data?.message ?? status}`);
  }
}

const request = <T>(method: string, url: string, rest: Partial<BackendSrvRequest>): Promise<T> =>
  ask<T>({ ...rest, method, url }).then(({ data }) => data);

/** Of BackendSrv what a data source and the host page use. */
const served: Pick<BackendSrv, 'fetch' | 'get' | 'put'> = {
  fetch: <T>(config: BackendSrvRequest): Observable<FetchResponse<T>> => from(ask<T>(config)),
  get: (url, params, requestId, options) => request('GET', url, { ...options, params, requestId }),
  put: (url, data, options) => request('PUT', url, { ...options, data }),
};

export const backend = served as BackendSrv;
