import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';

import { type FlinkSecrets, type FlinkSettings } from '../types';

/** What every part of the config page gets. */
export type Props = DataSourcePluginOptionsEditorProps<FlinkSettings, FlinkSecrets>;
