import React from 'react';

import { changeSettings, type Props } from './props';
import { addressFault, clusterNames, defaultCluster, nameFault } from './faults';
import { TextField } from './TextField';

/** Where Flink answers, what its cluster is called, and where its UI is. */
export function AddressFields(props: Props) {
  const { jsonData, readOnly, url: root } = props.options;
  const names = clusterNames(jsonData.clusterName, jsonData.clusters);
  return (
    <>
      <TextField
        label="Address"
        help="Base URL of Flink’s REST API, as the Grafana server reaches it. It may end in a path, behind a reverse proxy or YARN."
        value={jsonData.url}
        placeholder="http://jobmanager:8081"
        required={!root}
        fault={addressFault(jsonData.url)}
        readOnly={readOnly}
        onChange={(url) => changeSettings(props, { url })}
      />
      <TextField
        label="Cluster name"
        help="The label “cluster” in tables, series and alerts."
        value={jsonData.clusterName}
        placeholder={defaultCluster}
        fault={nameFault(names[0] ?? '', names)}
        readOnly={readOnly}
        width={30}
        onChange={(clusterName) => changeSettings(props, { clusterName })}
      />
      <TextField
        label="Flink UI URL"
        help="Where a browser reaches Flink’s UI, for links to it. Leave it empty if that is where the plugin reaches Flink."
        value={jsonData.webUrl}
        placeholder={jsonData.url || 'https://flink.example.com'}
        fault={addressFault(jsonData.webUrl)}
        readOnly={readOnly}
        onChange={(webUrl) => changeSettings(props, { webUrl: webUrl || undefined })}
      />
    </>
  );
}
