import { useSyncExternalStore } from 'react';

let shown: string[] = [];
const listeners = new Set<() => void>();

/** Says something in the corner of the page, as Grafana does where a request fails. */
export function toast(text: string) {
  shown = [...shown, text];
  listeners.forEach((listener) => listener());
}

/** The toasts so far. */
export function useToasts(): string[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown
  );
}
