import { type DataSourceSettings } from '@grafana/data';
import { getBackendSrv } from '@grafana/runtime';
import { Alert, Button } from '@grafana/ui';
import React, { useEffect, useState } from 'react';

import { instance, type Loaded } from './plugin';

interface Outcome {
  severity: 'success' | 'error';
  message: string;
}

/** The page on which a data source is configured. */
export function ConfigPage({ plugin, settings }: Loaded) {
  const address = `/api/datasources/uid/${settings.uid}`;
  const [options, setOptions] = useState<DataSourceSettings>();
  const [outcome, setOutcome] = useState<Outcome>();
  useEffect(() => void getBackendSrv().get(address).then(setOptions), [address]);
  const ConfigEditor = plugin.components.ConfigEditor;
  if (!options || !ConfigEditor) {
    return null;
  }
  const saveAndTest = async () => {
    setOutcome(undefined);
    await getBackendSrv().put(address, options);
    setOptions(await getBackendSrv().get(address));
    setOutcome(await tested(instance(plugin, settings)));
  };
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      <h1>Flink</h1>
      <ConfigEditor options={options} onOptionsChange={setOptions} />
      {outcome && <Alert title={outcome.message} severity={outcome.severity} />}
      <Button type="submit" onClick={saveAndTest}>
        Save & test
      </Button>
    </form>
  );
}

/** What Grafana makes of the data source's own test. */
async function tested(datasource: Loaded['datasource']): Promise<Outcome> {
  try {
    const { message } = await datasource.testDatasource();
    return { severity: 'success', message };
  } catch (error) {
    return { severity: 'error', message: (error as Error).message };
  }
}
