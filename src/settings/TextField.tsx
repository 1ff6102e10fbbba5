import { Field, Input } from '@grafana/ui';
import React, { useId } from 'react';

export interface TextFieldProps {
  label: string;
  help: string;
  value?: string | number;
  placeholder?: string;
  /** A sentence on what is wrong with the value. */
  fault?: string;
  required?: boolean;
  readOnly?: boolean;
  width?: number;
  unit?: string;
  onChange: (value: string) => void;
}

/** A line of text with help, and a sentence where it cannot be used. */
export function TextField({ label, help, value = '', placeholder, fault, required, readOnly, width = 60, unit, onChange }: TextFieldProps) {
  const id = useId();
  return (
    <Field label={label} description={help} htmlFor={id} required={required} invalid={Boolean(fault)} error={fault} disabled={readOnly}>
      <Input
        id={id}
        value={value}
        placeholder={placeholder}
        width={width}
        suffix={unit}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.currentTarget.value)}
        // Spaces around it come with pasting.
        onBlur={() => typeof value === 'string' && value !== value.trim() && onChange(value.trim())}
      />
    </Field>
  );
}
