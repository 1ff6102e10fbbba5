import { Field, Switch } from '@grafana/ui';
import React, { useId } from 'react';

interface Props {
  label: string;
  help: string;
  value?: boolean;
  readOnly?: boolean;
  onChange: (value: boolean) => void;
}

/** Something that is on or off. */
export function SwitchField({ label, help, value, readOnly, onChange }: Props) {
  const id = useId();
  return (
    <Field label={label} description={help} htmlFor={id} disabled={readOnly}>
      <Switch id={id} value={Boolean(value)} onChange={(event) => onChange(event.currentTarget.checked)} />
    </Field>
  );
}
