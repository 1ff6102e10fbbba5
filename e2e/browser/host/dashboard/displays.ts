import { type FieldDisplay, getFieldDisplayValues, type GrafanaTheme2, type ReduceDataOptions } from '@grafana/data';

import { fieldConfigOf, timeZone } from './fields';
import { type Shown } from './Panel';

/** The values of a panel that shows one a field. */
export function displays({ frames, panel, replace }: Shown, theme: GrafanaTheme2, sparkline: boolean): FieldDisplay[] {
  const reduceOptions = (panel.options?.reduceOptions ?? { calcs: ['lastNotNull'] }) as ReduceDataOptions;
  return getFieldDisplayValues({ fieldConfig: fieldConfigOf(panel), reduceOptions, replaceVariables: replace, theme, data: frames, sparkline, percentChange: Boolean(panel.options?.showPercentChange), timeZone });
}
