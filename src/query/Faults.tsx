import { Alert, Button } from '@grafana/ui';
import React from 'react';

import { schemaVersion } from '../types';

/** Says why a saved query cannot be edited as it stands; it is kept until one chooses anew. */
export function Unknown({ what, value }: { what: string; value: unknown }) {
  return (
    <Alert severity="warning" title={`This version of the plugin does not know the query’s ${what}`}>
      {`The ${what} is “${String(value).slice(0, 100)}”. The query is kept as it is until you choose another ${what}.`}
    </Alert>
  );
}

/** Says that an older plugin cannot edit the query, which is kept as it is. */
export function Newer({ version, onRenew }: { version?: number; onRenew: () => void }) {
  return (
    <Alert severity="warning" title="This query was written by a newer version of the plugin">
      <p>{`It has schemaVersion ${version}, and this version knows ${schemaVersion}. It is kept as it is: update the plugin, or write a new query instead.`}</p>
      <Button variant="secondary" onClick={onRenew}>
        Write a new query
      </Button>
    </Alert>
  );
}
