import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { config } from '@grafana/runtime';
import { GlobalStyles, PortalContainer, ThemeContext, useStyles2 } from '@grafana/ui';
import React, { type PropsWithChildren } from 'react';

import { useToasts } from './toasts';

/** What Grafana puts around a page: its theme, its base styles, the place for menus, toasts. */
export function Shell({ children, wide }: PropsWithChildren<{ wide: boolean }>) {
  return (
    <ThemeContext.Provider value={config.theme2}>
      <GlobalStyles />
      <Page wide={wide}>{children}</Page>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}

function Page({ children, wide }: PropsWithChildren<{ wide: boolean }>) {
  const toasts = useToasts();
  const styles = useStyles2(stylesOf);
  return (
    <main className={wide ? styles.wide : styles.page}>
      {children}
      {toasts.length > 0 && <div role="log" aria-label="Toasts">{toasts.map((text, at) => <p key={at}>{text}</p>)}</div>}
    </main>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  page: css({
    background: theme.colors.background.primary,
    maxWidth: 1200,
    padding: theme.spacing(3),
    'pre, [aria-label=Answer]': { overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' },
    h1: { fontSize: theme.typography.h2.fontSize },
  }),
  wide: css({
    background: theme.colors.background.canvas,
    minHeight: '100vh',
    padding: theme.spacing(2),
    h1: { fontSize: theme.typography.h4.fontSize, margin: 0 },
  }),
});
