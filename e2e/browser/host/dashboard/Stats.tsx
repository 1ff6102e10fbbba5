import { getDisplayValueAlignmentFactors, type FieldDisplay, VizOrientation } from '@grafana/data';
import { type PercentChangeColorMode, type VizTextDisplayOptions } from '@grafana/schema';
import { BigValue, BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode, useTheme2, VizRepeater } from '@grafana/ui';
import React from 'react';

import { displays } from './displays';
import { type Shown } from './Panel';

interface Options {
  colorMode?: BigValueColorMode;
  graphMode?: BigValueGraphMode;
  justifyMode?: BigValueJustifyMode;
  textMode?: BigValueTextMode;
  orientation?: VizOrientation;
  percentChangeColorMode?: PercentChangeColorMode;
  text?: VizTextDisplayOptions;
  wideLayout?: boolean;
}

export function Stats(shown: Shown) {
  const theme = useTheme2();
  const options = (shown.panel.options ?? {}) as Options;
  const graphMode = options.graphMode ?? BigValueGraphMode.None;
  return (
    <VizRepeater<FieldDisplay, ReturnType<typeof getDisplayValueAlignmentFactors>>
      getValues={() => displays(shown, theme, graphMode !== BigValueGraphMode.None)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      width={shown.width}
      height={shown.height}
      source={shown.frames}
      itemSpacing={3}
      renderCounter={0}
      autoGrid
      orientation={options.orientation ?? VizOrientation.Auto}
      renderValue={({ alignmentFactors, count, height, value, width }) => (
        <BigValue
          value={value.display}
          sparkline={value.sparkline && { ...value.sparkline, timeRange: shown.range }}
          count={count}
          width={width}
          height={height}
          theme={theme}
          alignmentFactors={alignmentFactors}
          colorMode={options.colorMode ?? BigValueColorMode.Value}
          graphMode={graphMode}
          justifyMode={options.justifyMode}
          textMode={options.textMode}
          text={options.text}
          percentChangeColorMode={options.percentChangeColorMode}
          disableWideLayout={options.wideLayout === false}
        />
      )}
    />
  );
}
