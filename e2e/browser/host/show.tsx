/** Puts the services that Grafana's packages ask for in place, loads the plugin and shows a page of it. */
import { type DataSourceInstanceSettings } from '@grafana/data';
import { setBackendSrv, setDataSourceSrv, setTemplateSrv } from '@grafana/runtime';
import React, { type ReactElement } from 'react';
import { createRoot } from 'react-dom/client';
import { initDataSourceInstanceSettings } from 'settings-cache';

import { backend } from './backend';
import { ConfigPage } from './ConfigPage';
import { FiltersPage } from './FiltersPage';
import { HelpPage } from './HelpPage';
import { load, type Loaded } from './plugin';
import { QueryPage } from './QueryPage';
import { Shell } from './Shell';
import { sources } from './sources';
import { templates } from './templates';
import { VariablePage } from './VariablePage';
import { variables } from './variables';

export async function show(settings: DataSourceInstanceSettings) {
  setBackendSrv(backend);
  setTemplateSrv(templates(variables(new URLSearchParams(location.search))));
  initDataSourceInstanceSettings({ [settings.name]: settings }, settings.name);
  const loaded = await load(settings);
  setDataSourceSrv(sources(settings, loaded.datasource));
  const pages: Record<string, () => ReactElement | Promise<ReactElement>> = {
    '/config': () => <ConfigPage {...loaded} />,
    '/dashboard': () => dashboard(loaded),
    '/explore': () => explore(loaded),
    '/filters': () => <FiltersPage {...loaded} />,
    '/help': () => <HelpPage {...loaded} />,
    '/query': () => <QueryPage {...loaded} />,
    '/variable': () => <VariablePage {...loaded} />,
  };
  const page = await pages[location.pathname]?.();
  createRoot(document.getElementById('root')!).render(<Shell wide={['/dashboard', '/explore'].includes(location.pathname)}>{page}</Shell>);
}

/** What draws panels is large: no page loads it that needs none. */
async function explore(loaded: Loaded) {
  const { ExplorePage } = await import('./dashboard/ExplorePage');
  return <ExplorePage {...loaded} />;
}

async function dashboard(loaded: Loaded) {
  const { DashboardPage } = await import('./dashboard/DashboardPage');
  return <DashboardPage {...loaded} />;
}
