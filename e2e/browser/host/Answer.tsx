import { css } from '@emotion/css';
import { type DataFrame, type GrafanaTheme2, LoadingState, type PanelData } from '@grafana/data';
import { Alert, useStyles2 } from '@grafana/ui';
import React from 'react';

/** As many rows as are shown of a frame. */
const most = 50;

/** What came of the queries: frames as tables, notices, errors. */
export function Answer({ data }: { data: PanelData }) {
  return (
    <section aria-label="Answer" aria-busy={data.state === LoadingState.Loading}>
      {(data.errors ?? (data.error ? [data.error] : [])).map((error, at) => (
        <Alert key={at} severity="error" title={error.message ?? error.data?.message ?? 'Query error'} />
      ))}
      {data.series.map((frame, at) => (
        <Frame key={at} frame={frame} />
      ))}
      {data.state === LoadingState.Done && !data.error && <p role="status">{`${data.series.length} frames`}</p>}
    </section>
  );
}

function Frame({ frame }: { frame: DataFrame }) {
  const styles = useStyles2(frameStyles);
  const rows = Array.from({ length: Math.min(frame.length, most) }, (_, row) => row);
  return (
    <>
      {frame.meta?.notices?.map(({ text }, at) => <Alert key={at} severity="info" title={text} />)}
      <div className={styles} role="region" aria-label={`Frame ${frame.name ?? ''}`} tabIndex={0}>
        <table>
          <caption>{`${frame.name ?? 'Frame'}: ${frame.length} rows`}</caption>
          <thead>
            <tr>
              {frame.fields.map(({ name, labels }, at) => (
                <th key={at} scope="col">
                  {name} {labels && JSON.stringify(labels)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row}>
                {frame.fields.map(({ values }, at) => (
                  <td key={at}>{String(values[row] ?? '')}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const frameStyles = (theme: GrafanaTheme2) =>
  css({
    overflowX: 'auto',
    'td, th': { border: `1px solid ${theme.colors.border.weak}`, padding: theme.spacing(0.5), whiteSpace: 'nowrap', textAlign: 'left' },
  });
