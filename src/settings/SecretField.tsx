import { Field, SecretInput, SecretTextArea } from '@grafana/ui';
import React, { useId } from 'react';

import { type FlinkSecrets } from '../types';
import { type Props } from './props';

interface SecretProps extends Props {
  label: string;
  help: string;
  secret: keyof FlinkSecrets;
  required?: boolean;
  /** Set for a text of several lines: how it begins. */
  begin?: string;
}

/** A secret, which Grafana keeps and never shows again. */
export function SecretField({ options, onOptionsChange, label, help, secret, required, begin }: SecretProps) {
  const id = useId();
  const change = (text: string, configured: boolean) =>
    onOptionsChange({
      ...options,
      secureJsonData: { ...options.secureJsonData, [secret]: text },
      secureJsonFields: { ...options.secureJsonFields, [secret]: configured },
    });
  const input = {
    id,
    isConfigured: Boolean(options.secureJsonFields?.[secret]),
    value: options.secureJsonData?.[secret] ?? '',
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => change(event.currentTarget.value, false),
    onReset: () => change('', false),
  };
  return (
    <Field label={label} description={help} htmlFor={id} required={required} disabled={options.readOnly}>
      {begin ? <SecretTextArea {...input} cols={45} rows={6} placeholder={`Begins with ${begin}`} /> : <SecretInput {...input} width={40} />}
    </Field>
  );
}
