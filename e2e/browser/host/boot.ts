/**
 * The first script of the host page. Grafana's packages read their
 * configuration while they are loaded, so they are imported after it is there.
 */
import { type DataSourceInstanceSettings, type DataSourcePluginMeta, type DataSourceSettings } from '@grafana/data';

const pluginBase = '/public/plugins/flinkscope-flink-datasource';

/** What Grafana's server would have written into the page. */
async function boot() {
  const [saved, meta] = await Promise.all([
    json<DataSourceSettings>('/api/datasources/uid/flink'),
    json<DataSourcePluginMeta>(`${pluginBase}/plugin.json`),
  ]);
  const settings = instanceSettings(saved, { ...meta, module: `${pluginBase}/module.js`, baseUrl: pluginBase });
  const theme = new URLSearchParams(location.search).get('theme') === 'light' ? 'light' : 'dark';
  Object.assign(window, {
    __grafana_public_path__: '/public/',
    grafanaBootData: {
      assets: { dark: '', light: '' },
      navTree: [],
      user: { theme, orgRole: 'Admin', isSignedIn: true, login: 'admin', locale: 'en-US', timezone: 'utc' },
      settings: {
        appSubUrl: '',
        buildInfo: { version: '', commit: '', env: 'production' },
        datasources: { [settings.name]: settings },
        defaultDatasource: settings.name,
        secureSocksDSProxyEnabled: true,
      },
    },
  });
  const { show } = await import('./show');
  await show(settings);
}

/** A data source's settings as dashboards get them: no secrets, no address. */
function instanceSettings(saved: DataSourceSettings, meta: DataSourcePluginMeta): DataSourceInstanceSettings {
  const { id, uid, name, jsonData } = saved;
  return { id, uid, name, type: meta.id, meta, jsonData, access: 'proxy', readOnly: false, url: `/api/datasources/proxy/uid/${uid}` };
}

async function json<T>(address: string): Promise<T> {
  const response = await fetch(address);
  return response.json();
}

void boot();
