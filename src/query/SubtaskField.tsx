import React from 'react';

import { EntryField } from './EntryField';

/** Which subtask is meant: an index or a variable. */
export const SubtaskField = ({ value, onChange }: { value?: number | string; onChange: (value?: string) => void }) => (
  <EntryField label="Subtask" description="From 0; empty for the one that the verdict names" placeholder="The hottest" width={20} value={value} onChange={onChange} />
);
