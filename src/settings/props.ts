import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';

import { type FlinkSecrets, type FlinkSettings } from '../types';

/** What every part of the config page gets. */
export type Props = DataSourcePluginOptionsEditorProps<FlinkSettings, FlinkSecrets>;

/** Changes keys of jsonData; one that becomes undefined has its default again. */
export function changeSettings({ options, onOptionsChange }: Props, change: Partial<FlinkSettings>) {
  onOptionsChange({ ...options, jsonData: { ...options.jsonData, ...change } });
}
