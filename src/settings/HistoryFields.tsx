import React from 'react';

import { type HistorySettings } from '../types';
import { changeSettings, type Props } from './props';
import { durationFault } from './faults';
import { NumberField } from './NumberField';
import { TextField } from './TextField';

/** How long samples are kept in the plugin’s memory, and how long it goes on sampling. */
export function HistoryFields(props: Props) {
  const { readOnly, jsonData } = props.options;
  const { retention, maxMemoryMiB, idleAfter } = jsonData.history ?? {};
  const field = { readOnly, width: 16 };
  const change = (history: Partial<HistorySettings>) => changeSettings(props, { history: { ...jsonData.history, ...history } });
  return (
    <>
      <TextField
        label="Keep samples for"
        help="How far back graphs, timelines and time travel reach. 0s keeps nothing."
        placeholder="1h"
        value={retention}
        fault={durationFault(retention)}
        onChange={(text) => change({ retention: text || undefined })}
        {...field}
      />
      <NumberField
        label="Memory"
        help="The most that it may take: 64 MiB hold an hour of 10,000 subtasks. What is oldest is forgotten first."
        unit="MiB"
        placeholder="64"
        value={maxMemoryMiB}
        least={0}
        most={16384}
        onChange={(maxMemoryMiB) => change({ maxMemoryMiB })}
        {...field}
      />
      <TextField
        label="Sample for"
        help="How long after the last query of a dashboard or rule its jobs are still looked at. 0s samples nothing by itself."
        placeholder="1h"
        value={idleAfter}
        fault={durationFault(idleAfter)}
        onChange={(text) => change({ idleAfter: text || undefined })}
        {...field}
      />
    </>
  );
}
