import { css } from '@emotion/css';
import { type GrafanaTheme2, type QueryEditorHelpProps } from '@grafana/data';
import { Button, TextLink, useStyles2 } from '@grafana/ui';
import React from 'react';

import { type FlinkQuery } from '../types';
import { examples } from './examples';

/** Questions to click, each of which becomes the query that answers it. */
export function QueryEditorHelp({ onClickExample }: QueryEditorHelpProps<FlinkQuery>) {
  const styles = useStyles2(helpStyles);
  return (
    <>
      <h2>What do you want to see?</h2>
      <ul className={styles}>
        {examples.map(({ question, answer, query }) => (
          <li key={question}>
            <Button fill="text" onClick={() => onClickExample({ refId: 'A', ...query })}>
              {question}
            </Button>
            <p>{answer}</p>
          </li>
        ))}
      </ul>
      <p>
        Clusters, jobs and tasks are chosen by name, by id, by a variable, or by a /regular expression/, which matches anywhere in a name. Nothing chosen means all.{' '}
        <TextLink external inline href="https://github.com/flinkscope/flinkscope-flink-datasource/blob/main/docs/queries.md">
          All query types and their columns
        </TextLink>
      </p>
    </>
  );
}

const helpStyles = (theme: GrafanaTheme2) =>
  css({ listStyle: 'none', margin: theme.spacing(1, 0, 2), p: { color: theme.colors.text.secondary, margin: theme.spacing(0, 0, 1, 2) } });
