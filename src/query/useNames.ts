import { type TimeRange } from '@grafana/data';
import { isFetchError, getTemplateSrv } from '@grafana/runtime';
import { useCallback, useEffect, useRef, useState } from 'react';

import { type FlinkQuery, type Lister, type Listing } from '../types';

interface Menu {
  listed: string[];
  loading: boolean;
  /** A sentence on why names are missing. */
  problem?: string;
}

/**
 * The names that a menu shows: the dashboard's variables, then what the backend
 * lists of the time range. It is asked when the menu opens, not while one types.
 */
export function useNames(datasource: Lister, list: Listing, { clusters, jobs }: FlinkQuery, range: TimeRange | undefined, withVariables: boolean) {
  const [menu, setMenu] = useState<Menu>({ listed: [], loading: false });
  const asked = useRef(0);
  useEffect(() => () => void asked.current++, []);
  const load = useCallback(async () => {
    const turn = ++asked.current;
    setMenu((before) => ({ ...before, loading: true }));
    const answer = await ask(datasource, list, { clusters, jobs }, range, withVariables);
    if (turn === asked.current) {
      setMenu(answer);
    }
  }, [datasource, list, clusters, jobs, range, withVariables]);
  return { ...menu, load };
}

async function ask(datasource: Lister, list: Listing, { clusters, jobs }: Pick<FlinkQuery, 'clusters' | 'jobs'>, range: TimeRange | undefined, withVariables: boolean): Promise<Menu> {
  const offered = withVariables ? getTemplateSrv().getVariables().filter(({ type }) => type !== 'datasource') : [];
  const variables = offered.map(({ name }) => `$${name}`);
  try {
    // Each list is among what was chosen before it.
    const chosen = { clusters: list === 'clusters' ? [] : clusters, jobs: list === 'tasks' ? jobs : [] };
    const { names, notices } = await datasource.names(list, chosen, range);
    return { listed: [...variables, ...names], loading: false, problem: notices?.join(' ') };
  } catch (error) {
    return { listed: variables, loading: false, problem: `${messageOf(error)} Names can still be typed.` };
  }
}

/** The sentence that the backend gave, or what there is instead of it. */
function messageOf(error: unknown): string {
  if (isFetchError(error)) {
    const sentence: unknown = error.data?.error ?? error.data?.message;
    return typeof sentence === 'string' && sentence ? sentence : `The plugin did not answer (status ${error.status}).`;
  }
  return 'The plugin did not answer.';
}
