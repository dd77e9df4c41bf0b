/** Parts of the page that could not be fetched: the server is away, or has a newer page since this one was opened. */
import { useEffect } from 'react';

import { useLiveState } from './live-context';

const NAME = 'LostPart';
const RELOADED = 'pandaas-reloaded';
const PAUSE_MS = 30_000;

/** Renamed, so that the router does not reload the page while there is no server to load it from. */
export function nameLostParts(): void {
  window.addEventListener('vite:preloadError', ({ payload }) => {
    payload.name = NAME;
    payload.message = 'A part of this page could not be fetched.';
  });
}

export function isLostPart(error: unknown): boolean {
  return error instanceof Error && error.name === NAME;
}

/** Loads the page anew if the server answers; the browser does not ask again for a part that failed. */
export async function reloadIfServed(): Promise<void> {
  const answer = await fetch('/', { cache: 'no-store' }).catch(() => null);
  if (!answer?.ok) return;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  window.location.reload();
}

/** Does so by itself when the connection is back, but not over and over. */
export function useReloadWhenServed(): void {
  const live = useLiveState();
  useEffect(() => {
    if (live === 'reconnecting' || Date.now() - Number(sessionStorage.getItem(RELOADED)) < PAUSE_MS) return;
    void reloadIfServed();
  }, [live]);
}
