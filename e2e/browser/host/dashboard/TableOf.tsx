import { type DataFrame } from '@grafana/data';
import { TableCellHeight } from '@grafana/schema';
import { TableNG } from '@grafana/ui/unstable';
import React from 'react';

import { fieldConfigOf } from './fields';
import { type Shown } from './Panel';

interface Options {
  showHeader?: boolean;
  showTypeIcons?: boolean;
  cellHeight?: TableCellHeight;
  maxRowHeight?: number;
  enablePagination?: boolean;
  frameIndex?: number;
  frozenColumns?: { left?: number };
  sortBy?: Array<{ displayName: string; desc?: boolean }>;
}

/** A table, of the first frame where nothing else is chosen. */
export function TableOf({ frames, height, panel, range, width }: Shown) {
  const options = (panel.options ?? {}) as Options;
  const data: DataFrame | undefined = frames[options.frameIndex ?? 0];
  if (!data || data.fields.length === 0) {
    return <p>No data</p>;
  }
  return (
    <TableNG
      ariaLabel={panel.title}
      data={data}
      width={width}
      height={height}
      noHeader={options.showHeader === false}
      showTypeIcons={options.showTypeIcons}
      resizable
      sortBy={options.sortBy}
      frozenColumns={options.frozenColumns?.left}
      enablePagination={options.enablePagination}
      cellHeight={options.cellHeight ?? TableCellHeight.Sm}
      maxRowHeight={options.maxRowHeight}
      timeRange={range}
      fieldConfig={fieldConfigOf(panel)}
      structureRev={1}
      transparent={panel.transparent}
    />
  );
}
