import { Field, Input } from '@grafana/ui';
import React, { useId } from 'react';

interface Props {
  value?: string;
  onChange: (value?: string) => void;
}

/** What series are called, which is taken when one leaves the field or presses Enter. */
export function LegendField({ value, onChange }: Props) {
  const id = useId();
  const saved = typeof value === 'string' ? value : '';
  const take = (typed: string) => typed.trim() !== saved && onChange(typed.trim() || undefined);
  return (
    <Field label="Legend" description="Name of each series; labels stand in {{ }}" htmlFor={id} noMargin>
      <Input
        key={saved}
        id={id}
        width={32}
        defaultValue={saved}
        placeholder="{{job}} › {{task}}"
        onBlur={(event) => take(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && take(event.currentTarget.value)}
      />
    </Field>
  );
}
