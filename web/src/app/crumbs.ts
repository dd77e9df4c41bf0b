/** Where am I: pages name their place, the top bar shows it. */
import { useEffect, useSyncExternalStore } from 'react';

export interface Crumb {
  label: string;
  to?: string;
}

let current: readonly Crumb[] = [];
const listeners = new Set<() => void>();

function set(crumbs: readonly Crumb[]): void {
  current = crumbs;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useCrumbs(): readonly Crumb[] {
  return useSyncExternalStore(subscribe, () => current);
}

/** Shows `crumbs` for as long as the page is open, and names the browser tab after the last. */
export function usePlace(crumbs: readonly Crumb[]): void {
  const key = JSON.stringify(crumbs);
  useEffect(() => {
    const place = JSON.parse(key) as Crumb[];
    set(place);
    const last = place.at(-1)?.label;
    document.title = last ? `${last} · PaN-DAaS` : 'PaN-DAaS';
  }, [key]);
}
