import { Field, IconButton, Input } from '@grafana/ui';
import React from 'react';

import { type ClusterSettings } from '../types';
import { addressFault, nameFault } from './faults';

interface Props {
  at: number;
  cluster: ClusterSettings;
  /** The names of all clusters, this one's among them. */
  names: string[];
  readOnly?: boolean;
  onChange: (cluster: ClusterSettings) => void;
  onRemove: () => void;
}

/** One further cluster. */
export function ClusterRow({ at, cluster, names, readOnly, onChange, onRemove }: Props) {
  const number = at + 2; // the first one stands above the table
  return (
    <tr>
      <td>
        <Cell label={`Name of cluster ${number}`} placeholder="orders" width={24} value={cluster.name} fault={nameFault(cluster.name, names)} readOnly={readOnly} onChange={(name) => onChange({ ...cluster, name })} />
      </td>
      <td>
        <Cell
          label={`Address of cluster ${number}`}
          placeholder="http://orders-rest:8081"
          width={40}
          value={cluster.url}
          fault={cluster.url.trim() ? addressFault(cluster.url) : 'Give the cluster an address.'}
          readOnly={readOnly}
          onChange={(url) => onChange({ ...cluster, url })}
        />
      </td>
      <td>
        <Cell
          label={`Flink UI URL of cluster ${number}`}
          placeholder={cluster.url || 'https://orders.example.com'}
          width={40}
          value={cluster.webUrl ?? ''}
          fault={addressFault(cluster.webUrl)}
          readOnly={readOnly}
          onChange={(webUrl) => onChange({ ...cluster, webUrl: webUrl || undefined })}
        />
      </td>
      <td>
        <IconButton name="trash-alt" size="lg" disabled={readOnly} tooltip={`Remove cluster ${cluster.name || number}`} onClick={onRemove} />
      </td>
    </tr>
  );
}

interface CellProps {
  label: string;
  placeholder: string;
  width: number;
  value: string;
  fault?: string;
  readOnly?: boolean;
  onChange: (value: string) => void;
}

function Cell({ label, placeholder, width, value, fault, readOnly, onChange }: CellProps) {
  return (
    <Field invalid={Boolean(fault)} error={fault} disabled={readOnly} noMargin>
      <Input aria-label={label} placeholder={placeholder} width={width} value={value} spellCheck={false} autoComplete="off" onChange={(event) => onChange(event.currentTarget.value)} onBlur={() => value !== value.trim() && onChange(value.trim())} />
    </Field>
  );
}
