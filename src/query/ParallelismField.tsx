import { Field, Input } from '@grafana/ui';
import React, { useId, useState } from 'react';

import { parallelismOf, textOf } from './parallelism';

interface Props {
  value?: Record<string, number | string>;
  onChange: (value?: Record<string, number | string>) => void;
}

/** What if tasks had so many subtasks: "task = 8", several divided by semicolons. */
export function ParallelismField({ value, onChange }: Props) {
  const id = useId();
  const [typed, setTyped] = useState<string>();
  const wrong = typed !== undefined && parallelismOf(typed) === undefined;
  const done = () => {
    if (typed !== undefined && !wrong) {
      const tasks = parallelismOf(typed) ?? {};
      onChange(Object.keys(tasks).length > 0 ? tasks : undefined);
      setTyped(undefined);
    }
  };
  return (
    <Field label="What if" description="Predicts the job with other parallelisms" htmlFor={id} noMargin invalid={wrong} error="Write it as: task = 8; other task = 4">
      <Input id={id} width={40} placeholder="task = 8; other task = 4" value={typed ?? textOf(value)} onChange={(event) => setTyped(event.currentTarget.value)} onBlur={done} onKeyDown={(event) => event.key === 'Enter' && done()} />
    </Field>
  );
}
