import React from 'react';

import { EntryField } from './EntryField';

/** What series are called. */
export const LegendField = ({ value, onChange }: { value?: string; onChange: (value?: string) => void }) => (
  <EntryField label="Legend" description="Name of each series; labels stand in {{ }}" placeholder="{{job}} › {{task}}" width={32} value={value} onChange={onChange} />
);
