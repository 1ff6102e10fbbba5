import { type DataSourceSettings, type TestDataSourceResponse } from '@grafana/data';
import { getBackendSrv, type HealthCheckError } from '@grafana/runtime';
import { Alert, Button } from '@grafana/ui';
import React, { useEffect, useState } from 'react';

import { instance, type Loaded } from './plugin';

interface Outcome {
  severity: 'success' | 'error';
  message: string;
  details?: TestDataSourceResponse['details'];
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
      {outcome && (
        <Alert title={outcome.message} severity={outcome.severity}>
          {outcome.details?.message}
          {outcome.details?.verboseMessage && <details style={{ whiteSpace: 'pre-wrap' }}>{outcome.details.verboseMessage}</details>}
        </Alert>
      )}
      <Button type="submit" onClick={saveAndTest}>
        Save & test
      </Button>
    </form>
  );
}

/** What Grafana makes of the data source's own test. */
async function tested(datasource: Loaded['datasource']): Promise<Outcome> {
  try {
    const { message, details } = await datasource.testDatasource();
    return { severity: 'success', message, details };
  } catch (error) {
    const { message, error: cause } = error as { message: string; error?: HealthCheckError };
    return { severity: 'error', message, details: cause?.details };
  }
}
