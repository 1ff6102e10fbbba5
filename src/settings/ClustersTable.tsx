import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { Button, useStyles2 } from '@grafana/ui';
import React from 'react';

import { type ClusterSettings } from '../types';
import { ClusterRow } from './ClusterRow';
import { changeSettings, type Props } from './props';
import { clusterNames } from './faults';

/** The clusters besides the first one. */
export function ClustersTable(props: Props) {
  const styles = useStyles2(tableStyles);
  const { jsonData, readOnly } = props.options;
  const clusters = jsonData.clusters ?? [];
  const change = (clusters: ClusterSettings[]) => changeSettings(props, { clusters: clusters.length ? clusters : undefined });
  const replace = (at: number, ...by: ClusterSettings[]) => change([...clusters.slice(0, at), ...by, ...clusters.slice(at + 1)]);
  return (
    <>
      {clusters.length > 0 && (
        <table className={styles}>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Address</th>
              <th scope="col">Flink UI URL</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {clusters.map((cluster, at) => (
              <ClusterRow
                key={at}
                at={at}
                cluster={cluster}
                names={clusterNames(jsonData.clusterName, clusters)}
                readOnly={readOnly}
                onChange={(cluster) => replace(at, cluster)}
                onRemove={() => replace(at)}
              />
            ))}
          </tbody>
        </table>
      )}
      <Button variant="secondary" icon="plus" disabled={readOnly} onClick={() => change([...clusters, { name: '', url: '' }])}>
        Add cluster
      </Button>
    </>
  );
}

const tableStyles = (theme: GrafanaTheme2) =>
  css({
    marginBottom: theme.spacing(1),
    'th, td': { padding: theme.spacing(0.5, 1, 0.5, 0), verticalAlign: 'top' },
    th: { fontWeight: theme.typography.fontWeightMedium },
  });
