import { Field, Input } from '@grafana/ui';
import React, { useId } from 'react';

interface Props {
  value?: number | string;
  onChange: (value?: string) => void;
}

/** Which subtask is meant: an index or a variable, which is taken when one leaves the field or presses Enter. */
export function SubtaskField({ value, onChange }: Props) {
  const id = useId();
  const saved = value === undefined || value === null ? '' : String(value);
  const take = (typed: string) => typed.trim() !== saved && onChange(typed.trim() || undefined);
  return (
    <Field label="Subtask" description="From 0; empty for the one that the verdict names" htmlFor={id} noMargin>
      <Input
        key={saved}
        id={id}
        width={20}
        defaultValue={saved}
        placeholder="The hottest"
        onBlur={(event) => take(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && take(event.currentTarget.value)}
      />
    </Field>
  );
}
