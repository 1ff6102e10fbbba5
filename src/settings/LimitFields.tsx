import React from 'react';

import { type FlinkSettings } from '../types';
import { changeSettings, type Props } from './props';
import { durationFault } from './faults';
import { NumberField } from './NumberField';
import { TextField } from './TextField';

/** What the plugin may ask of Flink. */
export function LimitFields(props: Props) {
  const { timeoutSeconds, maxConcurrency, maxAge } = props.options.jsonData;
  const field = { readOnly: props.options.readOnly, width: 16 };
  const change = (settings: Partial<FlinkSettings>) => changeSettings(props, settings);
  return (
    <>
      <NumberField
        label="Time-out"
        help="How long one request to Flink may take."
        unit="seconds"
        placeholder="10"
        value={timeoutSeconds}
        least={0.1}
        most={600}
        onChange={(timeoutSeconds) => change({ timeoutSeconds })}
        {...field}
      />
      <NumberField
        label="Requests at once"
        help="How many requests to Flink may be under way at once, to each cluster."
        placeholder="8"
        value={maxConcurrency}
        least={1}
        most={256}
        whole
        onChange={(maxConcurrency) => change({ maxConcurrency })}
        {...field}
      />
      <TextField
        label="Reuse an answer for"
        help="So long all panels, users and alert rules share one answer of Flink’s. Its metrics change every 10 s by default."
        placeholder="2s"
        value={maxAge}
        fault={durationFault(maxAge)}
        onChange={(text) => change({ maxAge: text === '' ? undefined : text })}
        {...field}
      />
    </>
  );
}
