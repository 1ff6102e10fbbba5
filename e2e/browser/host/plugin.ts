import { type DataSourceApi, type DataSourceInstanceSettings, type DataSourcePlugin } from '@grafana/data';

import { share } from './shared';

/** The plugin's class and components, and a data source of it. */
export interface Loaded {
  plugin: DataSourcePlugin<DataSourceApi>;
  settings: DataSourceInstanceSettings;
  datasource: DataSourceApi;
}

/** Loads module.js as Grafana does: an AMD module, through SystemJS, whose dependencies are the page's own. */
export async function load(settings: DataSourceInstanceSettings): Promise<Loaded> {
  share();
  const { plugin } = await System.import(settings.meta.module);
  plugin.meta = settings.meta;
  // Some Grafanas take a class for an Angular one by the parameters of its constructor.
  if (plugin.DataSourceClass.length !== 1) {
    throw new Error(`The constructor of DataSource has ${plugin.DataSourceClass.length} parameters, not 1.`);
  }
  return { plugin, settings, datasource: instance(plugin, settings) };
}

/** A data source as a dashboard gets it. */
export function instance(plugin: Loaded['plugin'], settings: DataSourceInstanceSettings): DataSourceApi {
  const datasource = new plugin.DataSourceClass(settings);
  datasource.components = plugin.components;
  datasource.meta = settings.meta;
  return datasource;
}
