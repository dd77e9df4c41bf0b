/** The pointer's position, outside React's tree so that only the readout renders when it moves. */

import { useSyncExternalStore } from 'react';

export interface CursorPosition {
  readonly x: number;
  readonly y: number;
}

export class CursorStore {
  private position: CursorPosition | null = null;
  private readonly listeners = new Set<() => void>();

  readonly get = (): CursorPosition | null => this.position;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set(position: CursorPosition | null): void {
    this.position = position;
    for (const listener of this.listeners) listener();
  }
}

export function useCursor(store: CursorStore): CursorPosition | null {
  return useSyncExternalStore(store.subscribe, store.get);
}
