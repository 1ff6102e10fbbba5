import { ConfigSection, ConfigSubSection, DataSourceDescription, SecureSocksProxyToggle } from '@grafana/plugin-ui';
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

const docs = 'https://github.com/flinkscope/flinkscope-flink-datasource/blob/main/docs/configuration.md';

/** The page on which a data source is configured. */
export function ConfigEditor({ options: saved, onOptionsChange }: Props) {
  const options = { ...saved, jsonData: readable(saved.jsonData) };
  const props: Props = { options, onOptionsChange };
  return (
    <>
      <DataSourceDescription dataSourceName="Flink Backpressure" docsLink={docs} hasRequiredFields />
      <Divider />
      <RootAddress {...props} />
      <ConfigSection title="Connection">
        <AddressFields {...props} />
        <ConfigSubSection
          title="Further clusters"
          description="For application mode, where each job has a REST API of its own. All get the same credentials."
          isCollapsible
          isInitiallyOpen={Boolean(options.jsonData.clusters?.length)}
        >
          <ClustersTable {...props} />
        </ConfigSubSection>
      </ConfigSection>
      <Divider />
      <Authentication {...props} />
      <Divider spacing={2} />
      <ConfigSection title="Additional settings" description="All of these are optional.">
        <SecureSocksProxyToggle dataSourceConfig={options} onChange={onOptionsChange} labelWidth={30} />
        <ConfigSubSection title="Limits" description="What the plugin may ask of Flink. The defaults suit most clusters." isCollapsible isInitiallyOpen={false}>
          <LimitFields {...props} />
        </ConfigSubSection>
        <Divider spacing={1} />
        <ConfigSubSection title="History" description="Kept in the plugin’s memory, in each Grafana server its own." isCollapsible isInitiallyOpen={false}>
          <HistoryFields {...props} />
        </ConfigSubSection>
        <Divider spacing={1} />
        <ConfigSubSection
          title="Prometheus"
          description="Answers for what is older than the history: any API like Prometheus’ that scrapes Flink’s reporter."
          isCollapsible
          isInitiallyOpen={Boolean(options.jsonData.prometheus?.url)}
        >
          <PrometheusFields {...props} />
        </ConfigSubSection>
      </ConfigSection>
      <Divider spacing={1} />
    </>
  );
}
