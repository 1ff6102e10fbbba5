import { Field, Switch } from '@grafana/ui';
import React, { useId } from 'react';

interface Props {
  value?: boolean;
  onChange: (value: boolean) => void;
}

/** Whether the columns are wanted that cost requests of their own. */
export function DetailField({ value, onChange }: Props) {
  const id = useId();
  return (
    <Field label="Buffers and soft/hard backpressure" description="Costs one request or more a task" htmlFor={id} noMargin>
      <Switch id={id} value={Boolean(value)} onChange={(event) => onChange(event.currentTarget.checked)} />
    </Field>
  );
}
