import { createContext, useContext, useEffect, useRef, useSyncExternalStore } from 'react';

import type { Live, LiveEvent, LiveState } from '@/api/live';

export const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('LiveContext is missing');
  return live;
}

export function useLiveState(): LiveState {
  const live = useLive();
  return useSyncExternalStore(live.subscribe, live.state);
}

/** Calls `listener` with every event of the server. */
export function useLiveEvent(listener: (event: LiveEvent) => void): void {
  const live = useLive();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => live.onEvent((event) => latest.current(event)), [live]);
}
