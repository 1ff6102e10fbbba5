import { FlameGraph } from '@grafana/flamegraph';
import { useTheme2 } from '@grafana/ui';
import React from 'react';

import { type Shown } from './Panel';

export function Flames({ frames, height, width }: Shown) {
  const theme = useTheme2();
  const [data] = frames;
  return (
    <div style={{ height, width, overflow: 'auto' }}>
      {data && data.length > 0 ? <FlameGraph data={data} getTheme={() => theme} showAnalyzeWithAssistant={false} /> : <p>No data</p>}
    </div>
  );
}
