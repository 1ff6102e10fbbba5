import { Field, Input } from '@grafana/ui';
import React, { useId } from 'react';

interface Props {
  label: string;
  description: string;
  placeholder: string;
  width: number;
  /** A query that was written by hand may have a number. */
  value?: number | string;
  onChange: (value?: string) => void;
}

/** A text of the query, which is taken when one leaves the field or presses Enter. */
export function EntryField({ label, description, placeholder, width, value, onChange }: Props) {
  const id = useId();
  const saved = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const take = (typed: string) => typed.trim() !== saved && onChange(typed.trim() || undefined);
  return (
    <Field label={label} description={description} htmlFor={id} noMargin>
      <Input
        key={saved}
        id={id}
        width={width}
        defaultValue={saved}
        placeholder={placeholder}
        onBlur={(event) => take(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && take(event.currentTarget.value)}
      />
    </Field>
  );
}
