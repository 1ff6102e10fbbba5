import { Field, Switch } from '@grafana/ui';
import React, { useId } from 'react';

interface Props {
  label?: string;
  description?: string;
  value?: boolean;
  onChange: (value: boolean) => void;
}

/** Whether the columns are wanted that cost requests of their own. */
export function DetailField({ label = 'Details', description, value, onChange }: Props) {
  const id = useId();
  return (
    <Field label={label} description={description} htmlFor={id} noMargin>
      <Switch id={id} value={Boolean(value)} onChange={(event) => onChange(event.currentTarget.checked)} />
    </Field>
  );
}
