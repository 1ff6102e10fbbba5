/** What Grafana does to frames between the answer and the panel: transformations, then the panel's settings of fields. */
import {
  applyFieldOverrides, booleanOverrideProcessor, type DataFrame, dataLinksOverrideProcessor, displayNameOverrideProcessor,
  FieldConfigOptionsRegistry, type FieldConfigPropertyItem, type GrafanaTheme2, identityOverrideProcessor, type InterpolateFunction,
  numberOverrideProcessor, standardTransformers, standardTransformersRegistry, thresholdsOverrideProcessor, transformDataFrame,
  unitOverrideProcessor, valueMappingsOverrideProcessor,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';

import { type PanelModel } from './model';

/** The time zone of all panels, so that pictures do not depend on the machine. */
export const timeZone = 'utc';

/** Some are listed under two names. */
const transformers = [...new Map(Object.values(standardTransformers).map((transformer) => [transformer.id, transformer])).values()];

standardTransformersRegistry.setInit(() =>
  transformers.map((transformer) => ({
    id: transformer.id, name: transformer.name, defaultOptions: transformer.defaultOptions as never, editor: () => null, imageDark: '', imageLight: '',
    transformation: async () => transformer as never,
  }))
);

type Process = FieldConfigPropertyItem['process'];

/** Grafana's standard settings of fields, which its packages name but do not register. */
const standard: Record<string, Process> = {
  displayName: displayNameOverrideProcessor as Process,
  description: identityOverrideProcessor, unit: unitOverrideProcessor as Process, min: numberOverrideProcessor as Process,
  max: numberOverrideProcessor as Process, fieldMinMax: booleanOverrideProcessor as Process, decimals: numberOverrideProcessor as Process,
  noValue: identityOverrideProcessor, color: identityOverrideProcessor, thresholds: thresholdsOverrideProcessor as Process,
  mappings: valueMappingsOverrideProcessor as Process, links: dataLinksOverrideProcessor as Process, filterable: booleanOverrideProcessor as Process,
};

/** What a panel's plugin fills in where a dashboard has nothing. */
const usual: Record<string, Record<string, unknown>> = {
  table: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false },
  timeseries: {
    drawStyle: 'line', lineInterpolation: 'linear', barAlignment: 0, lineWidth: 1, fillOpacity: 0, gradientMode: 'none', spanNulls: false,
    insertNulls: false, showPoints: 'auto', pointSize: 5, stacking: { mode: 'none', group: 'A' }, axisPlacement: 'auto', axisLabel: '',
    axisColorMode: 'text', axisBorderShow: false, scaleDistribution: { type: 'linear' }, axisCenteredZero: false,
    hideFrom: { tooltip: false, viz: false, legend: false }, thresholdsStyle: { mode: 'off' },
  },
  'state-timeline': { lineWidth: 0, fillOpacity: 70, spanNulls: false },
};

/** The names of the custom settings that the panel has. */
function customNames({ fieldConfig, type }: PanelModel): string[] {
  const overridden = (fieldConfig?.overrides ?? []).flatMap(({ properties }) => properties.map(({ id }) => id));
  const custom = overridden.filter((id) => id.startsWith('custom.')).map((id) => id.slice('custom.'.length));
  return [...new Set([...custom, ...Object.keys(usual[type] ?? {}), ...Object.keys(fieldConfig?.defaults.custom ?? {})])];
}

function registryFor(panel: PanelModel): FieldConfigOptionsRegistry {
  const item = (id: string, path: string, process: Process, isCustom: boolean) =>
    ({ id, path, name: id, isCustom, process, settings: { expandTemplateVars: true }, shouldApply: () => true, override: () => null, editor: () => null }) as unknown as FieldConfigPropertyItem;
  return new FieldConfigOptionsRegistry(() => [
    ...Object.entries(standard).map(([id, process]) => item(id, id, process, false)),
    ...customNames(panel).map((name) => item(`custom.${name}`, name, identityOverrideProcessor, true)),
  ]);
}

/** The settings of a panel that are of no setting known here: Grafana drops them silently. */
export function unknownSettings({ fieldConfig }: PanelModel): string[] {
  const named = [
    ...Object.keys(fieldConfig?.defaults ?? {}).filter((key) => key !== 'custom'),
    ...(fieldConfig?.overrides ?? []).flatMap(({ properties }) => properties.map(({ id }) => id)).filter((id) => !id.startsWith('custom.')),
  ];
  return named.filter((id) => !(id in standard));
}

/** The transformations of a panel that Grafana does not have. */
export const unknownTransformations = ({ transformations = [] }: PanelModel) =>
  transformations.map(({ id }) => id).filter((id) => !standardTransformersRegistry.getIfExists(id));

export function transformed(panel: PanelModel, frames: DataFrame[], interpolate: InterpolateFunction): Promise<DataFrame[]> {
  const active = (panel.transformations ?? []).filter(({ disabled }) => !disabled);
  return active.length === 0 ? Promise.resolve(frames) : firstValueFrom(transformDataFrame(active, frames, { interpolate }));
}

/** The panel's settings with what its plugin fills in. */
export function fieldConfigOf({ fieldConfig, type }: PanelModel) {
  const defaults = fieldConfig?.defaults ?? {};
  return { overrides: fieldConfig?.overrides ?? [], defaults: { ...defaults, custom: { ...usual[type], ...(defaults.custom as object) } } };
}

export function configured(panel: PanelModel, frames: DataFrame[], replaceVariables: InterpolateFunction, theme: GrafanaTheme2): DataFrame[] {
  // Grafana colours series one after the other where nothing else is chosen.
  const fieldConfig = fieldConfigOf(panel);
  if (panel.type === 'timeseries') {
    fieldConfig.defaults.color ??= { mode: 'palette-classic' };
  }
  return applyFieldOverrides({ data: frames, fieldConfig, fieldConfigRegistry: registryFor(panel), replaceVariables, theme, timeZone });
}
