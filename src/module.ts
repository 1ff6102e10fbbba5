import { DataSourcePlugin } from '@grafana/data';

import { DataSource } from './datasource';
import { QueryEditor } from './query/QueryEditor';
import { QueryEditorHelp } from './query/QueryEditorHelp';
import { ConfigEditor } from './settings/ConfigEditor';
import type { FlinkQuery, FlinkSecrets, FlinkSettings } from './types';

/** What Grafana finds in module.js. */
export const plugin = new DataSourcePlugin<DataSource, FlinkQuery, FlinkSettings, FlinkSecrets>(DataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setQueryEditorHelp(QueryEditorHelp);
