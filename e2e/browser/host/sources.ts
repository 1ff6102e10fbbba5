import { type DataSourceApi, type DataSourceInstanceSettings } from '@grafana/data';
import { type DataSourceSrv } from '@grafana/runtime';

/** The list of data sources: one alone, whatever is requested. */
export function sources(settings: DataSourceInstanceSettings, datasource: DataSourceApi): DataSourceSrv {
  return {
    get: async () => datasource,
    getList: () => [settings],
    getInstanceSettings: () => settings,
    reload: async () => undefined,
    registerRuntimeDataSource: () => undefined,
  };
}
