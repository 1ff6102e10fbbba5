import { type SelectableValue } from '@grafana/data';
import { Field, Select } from '@grafana/ui';
import React, { useId } from 'react';

import { type Choice } from './queryTypes';

interface Props {
  label: string;
  choices: Choice[];
  value?: string;
  /** The choice that the value is, where it need not be in the menu. */
  known?: Choice;
  width?: number;
  onChange: (value: string) => void;
}

/** One of several, with a line of help each; a value that is none of them is shown as it is. */
export function ChoiceField({ label, choices, value, known, width = 32, onChange }: Props) {
  const id = useId();
  const chosen = choices.find((choice) => choice.value === value) ?? known;
  const shown: SelectableValue<string> | null = chosen ?? (value ? { value, label: String(value).slice(0, 100) } : null);
  return (
    <Field label={label} description={chosen?.description} htmlFor={id} noMargin style={{ maxWidth: `${width * 12}px` }}>
      <Select inputId={id} options={choices} value={shown} width={width} menuShouldPortal maxMenuHeight={420} onChange={(choice) => choice.value && onChange(choice.value)} />
    </Field>
  );
}
