import { Alert, Button } from '@grafana/ui';
import React from 'react';

import { type Props } from './props';

/** Warns of an address in the root url of an older provisioning file, and moves it. */
export function RootAddress({ options, onOptionsChange }: Props) {
  if (!options.url) {
    return null;
  }
  const move = () => onOptionsChange({ ...options, url: '', jsonData: { ...options.jsonData, url: options.jsonData.url || options.url } });
  return (
    <Alert severity="warning" title="Everyone who may query can cancel jobs">
      <p>
        {`The address ${options.url} stands in the data source’s root url, so Grafana’s proxy forwards any request to Flink, cancelling jobs and submitting jars included. `}
        {options.readOnly ? 'Move it to jsonData.url in the provisioning file.' : 'Moved to the field below, only the plugin asks Flink.'}
      </p>
      {!options.readOnly && (
        <Button variant="secondary" onClick={move}>
          Move the address
        </Button>
      )}
    </Alert>
  );
}
