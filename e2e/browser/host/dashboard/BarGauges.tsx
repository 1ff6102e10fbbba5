import { type FieldDisplay, getDisplayValueAlignmentFactors, VizOrientation } from '@grafana/data';
import { BarGaugeDisplayMode, type BarGaugeNamePlacement, type BarGaugeValueMode, type VizTextDisplayOptions } from '@grafana/schema';
import { BarGauge, useTheme2, VizRepeater } from '@grafana/ui';
import React from 'react';

import { displays } from './displays';
import { type Shown } from './Panel';

interface Options {
  displayMode?: BarGaugeDisplayMode;
  orientation?: VizOrientation;
  showUnfilled?: boolean;
  valueMode?: BarGaugeValueMode;
  namePlacement?: BarGaugeNamePlacement;
  minVizWidth?: number;
  minVizHeight?: number;
  maxVizHeight?: number;
  text?: VizTextDisplayOptions;
}

export function BarGauges(shown: Shown) {
  const theme = useTheme2();
  const options = (shown.panel.options ?? {}) as Options;
  return (
    <VizRepeater<FieldDisplay, ReturnType<typeof getDisplayValueAlignmentFactors>>
      getValues={() => displays(shown, theme, false)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      width={shown.width}
      height={shown.height}
      source={shown.frames}
      itemSpacing={10}
      renderCounter={0}
      minVizWidth={options.minVizWidth ?? 8}
      minVizHeight={options.minVizHeight ?? 16}
      maxVizHeight={options.maxVizHeight}
      orientation={options.orientation ?? VizOrientation.Auto}
      renderValue={({ alignmentFactors, height, orientation, value, width }) => (
        <BarGauge
          value={value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          width={width}
          height={height}
          theme={theme}
          orientation={orientation}
          itemSpacing={10}
          lcdCellWidth={12}
          alignmentFactors={alignmentFactors}
          displayMode={options.displayMode ?? BarGaugeDisplayMode.Gradient}
          showUnfilled={options.showUnfilled ?? true}
          valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement}
          text={options.text}
        />
      )}
    />
  );
}
