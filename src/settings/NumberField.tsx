import React, { useState } from 'react';

import { TextField, type TextFieldProps } from './TextField';

interface Props extends Omit<TextFieldProps, 'value' | 'fault' | 'onChange'> {
  value?: number;
  least: number;
  most: number;
  /** Fractions are no good. */
  whole?: boolean;
  /** Undefined is the default, and what cannot be read. */
  onChange: (value?: number) => void;
}

/** A number between bounds, or nothing for the default. What is typed stays, so that it can be mended. */
export function NumberField({ value, least, most, whole, onChange, ...field }: Props) {
  const [typed, setTyped] = useState<string>();
  const text = typed !== undefined && numeric(typed) === value ? typed : String(value ?? '');
  const good = text.trim() === '' || (value !== undefined && value >= least && value <= most && !(whole && value % 1));
  const change = (text: string) => {
    setTyped(text);
    onChange(numeric(text));
  };
  return <TextField {...field} value={text} fault={good ? undefined : `Choose a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`} onChange={change} />;
}

/** The number that a text is, undefined for none. */
function numeric(text: string): number | undefined {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() === '' || Number.isNaN(value) ? undefined : value;
}
