import { ConfigSection, SecureSocksProxyToggle } from '@grafana/plugin-ui';
import { Divider } from '@grafana/ui';
import React from 'react';

import { AddressFields } from './AddressFields';
import { Authentication } from './Authentication';
import { ClustersTable } from './ClustersTable';
import { HistoryFields } from './HistoryFields';
import { LimitFields } from './LimitFields';
import { PrometheusFields } from './PrometheusFields';
import { type Props } from './props';
import { readable } from './readable';
import { RootAddress } from './RootAddress';

/** The page on which a data source is configured. */
export function ConfigEditor({ options: saved, onOptionsChange }: Props) {
  const options = { ...saved, jsonData: readable(saved.jsonData) };
  const props: Props = { options, onOptionsChange };
  return (
    <>
      <RootAddress {...props} />
      <ConfigSection title="Flink">
        <AddressFields {...props} />
      </ConfigSection>
      <ConfigSection
        title="Further clusters"
        description="For application mode, where each job has a REST API of its own. All get the same credentials."
        isCollapsible
        isInitiallyOpen={Boolean(options.jsonData.clusters?.length)}
      >
        <ClustersTable {...props} />
      </ConfigSection>
      <Divider />
      <Authentication {...props} />
      <Divider spacing={2} />
      <SecureSocksProxyToggle dataSourceConfig={options} onChange={onOptionsChange} labelWidth={30} />
      <ConfigSection title="Limits" description="What the plugin may ask of Flink. The defaults suit most clusters." isCollapsible isInitiallyOpen={false}>
        <LimitFields {...props} />
      </ConfigSection>
      <Divider spacing={2} />
      <ConfigSection title="History" description="Kept in the plugin’s memory, in each Grafana server its own." isCollapsible isInitiallyOpen={false}>
        <HistoryFields {...props} />
      </ConfigSection>
      <Divider spacing={2} />
      <ConfigSection
        title="Prometheus"
        description="Answers for what is older than the history: any API like Prometheus’ that scrapes Flink’s reporter."
        isCollapsible
        isInitiallyOpen={Boolean(options.jsonData.prometheus?.url)}
      >
        <PrometheusFields {...props} />
      </ConfigSection>
      <Divider spacing={1} />
    </>
  );
}
