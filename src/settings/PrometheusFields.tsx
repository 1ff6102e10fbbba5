import React from 'react';

import { type PrometheusSettings } from '../types';
import { changeSettings, type Props } from './props';
import { addressFault } from './faults';
import { PrometheusTls } from './PrometheusTls';
import { SecretField } from './SecretField';
import { TextField } from './TextField';

/** A Prometheus that scrapes Flink's reporter, with credentials of its own. */
export function PrometheusFields(props: Props) {
  const { jsonData, readOnly } = props.options;
  const { url, user, tenant } = jsonData.prometheus ?? {};
  const change = (prometheus: Partial<PrometheusSettings>) => changeSettings(props, { prometheus: { ...jsonData.prometheus, ...prometheus } });
  return (
    <>
      <TextField
        label="Prometheus address"
        help="Base URL of the query API, as the Grafana server reaches it. It gets none of Flink’s credentials."
        placeholder="http://prometheus:9090"
        value={url}
        fault={addressFault(url)}
        readOnly={readOnly}
        onChange={(url) => change({ url })}
      />
      <TextField label="User" help="For basic authentication." value={user} readOnly={readOnly} width={30} onChange={(user) => change({ user })} />
      <SecretField {...props} label="Password" help="Of that user." secret="prometheusPassword" />
      <SecretField {...props} label="Bearer token" help="Sent instead of user and password." secret="prometheusBearerToken" />
      <TextField label="Tenant" help="The header X-Scope-OrgID, where several share a Mimir or a Thanos." value={tenant} readOnly={readOnly} width={30} onChange={(tenant) => change({ tenant })} />
      {/^\s*https:/i.test(url ?? '') && <PrometheusTls {...props} settings={jsonData.prometheus ?? {}} onChange={change} />}
    </>
  );
}
