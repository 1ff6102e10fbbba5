import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { type PropsWithChildren } from 'react';

/** Fields side by side, that wrap where there is no room. */
export function Row({ children }: PropsWithChildren) {
  return <div className={useStyles2(styles)}>{children}</div>;
}

const styles = (theme: GrafanaTheme2) =>
  css({ alignItems: 'flex-start', display: 'flex', flexWrap: 'wrap', columnGap: theme.spacing(2), rowGap: theme.spacing(1), marginBottom: theme.spacing(1) });
