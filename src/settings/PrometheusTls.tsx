import React from 'react';

import { type PrometheusSettings } from '../types';
import { type Props as AllProps } from './props';
import { SecretField } from './SecretField';
import { SwitchField } from './SwitchField';
import { TextField } from './TextField';

interface Props extends AllProps {
  settings: PrometheusSettings;
  onChange: (change: Partial<PrometheusSettings>) => void;
}

/**
 * How the connection to Prometheus is secured. The fields of Flink's, of @grafana/plugin-ui,
 * have fixed ids, so that a page cannot have them twice.
 */
export function PrometheusTls({ settings, onChange, ...props }: Props) {
  const { readOnly } = props.options;
  const certificate = '-----BEGIN CERTIFICATE-----';
  return (
    <>
      <SwitchField
        label="Prometheus has a CA of its own"
        help="Trust certificates that this authority has signed, instead of those that the Grafana server trusts."
        value={settings.tlsAuthWithCACert}
        readOnly={readOnly}
        onChange={(tlsAuthWithCACert) => onChange({ tlsAuthWithCACert })}
      />
      {settings.tlsAuthWithCACert && (
        <SecretField {...props} label="CA certificate of Prometheus" help="In PEM, one or several." secret="prometheusTlsCACert" begin={certificate} required />
      )}
      <SwitchField
        label="Prometheus wants a client certificate"
        help="For mutual TLS."
        value={settings.tlsAuth}
        readOnly={readOnly}
        onChange={(tlsAuth) => onChange({ tlsAuth })}
      />
      {settings.tlsAuth && (
        <>
          <SecretField {...props} label="Client certificate for Prometheus" help="In PEM." secret="prometheusTlsClientCert" begin={certificate} required />
          <SecretField {...props} label="Client key for Prometheus" help="In PEM, without a password." secret="prometheusTlsClientKey" begin="-----BEGIN PRIVATE KEY-----" required />
        </>
      )}
      <TextField
        label="Server name of Prometheus"
        help="The host that its certificate is for, if that is not the one in the address."
        placeholder="prometheus.example.com"
        value={settings.serverName}
        readOnly={readOnly}
        width={40}
        onChange={(serverName) => onChange({ serverName: serverName || undefined })}
      />
      <SwitchField
        label="Skip the check of Prometheus’ certificate"
        help="Any server may then pass for Prometheus, and get its credentials: for tests alone."
        value={settings.tlsSkipVerify}
        readOnly={readOnly}
        onChange={(tlsSkipVerify) => onChange({ tlsSkipVerify })}
      />
    </>
  );
}
