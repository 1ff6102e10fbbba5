import { css } from '@emotion/css';
import { renderTextPanelMarkdown, textUtil } from '@grafana/data';
import React from 'react';

import { type Shown } from './Panel';

/** Markdown or HTML. */
export function Texts({ height, panel, replace }: Shown) {
  const { content = '', mode = 'markdown' } = (panel.options ?? {}) as { content?: string; mode?: string };
  const text = replace(content);
  const html = mode === 'html' ? textUtil.sanitizeTextPanelContent(text) : renderTextPanelMarkdown(text);
  return <div className={`markdown-html ${style}`} style={{ maxHeight: height }} dangerouslySetInnerHTML={{ __html: html }} />;
}

const style = css({ '& > :first-child': { marginTop: 0 } });
