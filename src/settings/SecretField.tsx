import { Field, SecretInput } from '@grafana/ui';
import React, { useId } from 'react';

import { type FlinkSecrets } from '../types';
import { type Props } from './props';

interface SecretProps extends Props {
  label: string;
  help: string;
  secret: keyof FlinkSecrets;
  required?: boolean;
}

/** A secret, which Grafana keeps and never shows again. */
export function SecretField({ options, onOptionsChange, label, help, secret, required }: SecretProps) {
  const id = useId();
  const change = (text: string, configured: boolean) =>
    onOptionsChange({
      ...options,
      secureJsonData: { ...options.secureJsonData, [secret]: text },
      secureJsonFields: { ...options.secureJsonFields, [secret]: configured },
    });
  return (
    <Field label={label} description={help} htmlFor={id} required={required} disabled={options.readOnly}>
      <SecretInput
        id={id}
        width={40}
        isConfigured={Boolean(options.secureJsonFields?.[secret])}
        value={options.secureJsonData?.[secret] ?? ''}
        onChange={(event) => change(event.currentTarget.value, false)}
        onReset={() => change('', false)}
      />
    </Field>
  );
}
