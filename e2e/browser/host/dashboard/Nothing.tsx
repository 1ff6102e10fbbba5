import React from 'react';

import { type Shown } from './Panel';

const texts: Record<string, string> = {
  alertlist: 'No alerts matching filters',
  annolist: 'No annotations found',
  dashlist: 'No dashboards',
};

/** A list of what a Grafana without alerts, annotations and other dashboards has. */
export const Nothing = ({ panel }: Shown) => <p>{texts[panel.type]}</p>;
