import { getBackendSrv } from '@grafana/runtime';

import { type DashboardModel } from './model';

/** A dashboard as Grafana's API has it, with the values that JSON has no words for. */
export async function load(uid: string): Promise<DashboardModel> {
  const { dashboard } = await getBackendSrv().get<{ dashboard: unknown }>(`/api/dashboards/uid/${encodeURIComponent(uid)}`);
  return JSON.parse(JSON.stringify(dashboard), (key, value) => (key === 'steps' && Array.isArray(value) ? value.map(lowest) : value));
}

/** The first threshold is written as null. */
const lowest = (step: { value: number | null }) => (step.value === null ? { ...step, value: -Infinity } : step);
