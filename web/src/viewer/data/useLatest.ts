/** The newest wanted value, with the last one on show while it loads. */

import { startTransition, useEffect, useRef, useState } from 'react';

import { FrameQueue } from '../core/frameQueue';
import { RequestError, UNREACHABLE } from './requests';

export interface Latest<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  readonly error: unknown;
  /** The value on show is not (yet) the wanted one. */
  readonly pending: boolean;
  /** Pending for more than 150 ms without anything new: time to dim. */
  readonly late: boolean;
}

interface Shown<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  readonly error: unknown;
}

const DIM_AFTER_MS = 150;
const AGAIN_AFTER_MS = 3000;

/**
 * `key` must keep its identity while the same thing is wanted; null wants nothing. While keys change faster than they load,
 * finished ones are shown and those in between are dropped (see `FrameQueue`). With `onArrival`, which is called at once, the
 * page learns of values when it has nothing better to do.
 */
export function useLatest<K extends object, V>(
  key: K | null,
  load: (key: K, signal: AbortSignal) => Promise<V>,
  parallel = 2,
  onArrival?: (value: V, key: K) => void,
): Latest<K, V> {
  const [shown, setShown] = useState<Shown<K, V>>({ key: null, value: null, error: null });
  const loader = useRef(load);
  const arrival = useRef(onArrival);
  const queue = useRef<FrameQueue<K, V> | null>(null);

  useEffect(() => {
    loader.current = load;
    arrival.current = onArrival;
  });

  useEffect(() => {
    const created = new FrameQueue<K, V>({
      load: (wanted, signal) => loader.current(wanted, signal),
      onFrame: (loaded, value) => {
        const show = () => setShown({ key: loaded, value, error: null });
        if (!arrival.current) {
          show();
          return;
        }
        arrival.current(value, loaded);
        startTransition(show);
      },
      onError: (failed, error) => setShown((before) => ({ key: failed, value: before.value, error })),
      parallel,
    });
    queue.current = created;
    return () => {
      created.close();
      queue.current = null;
    };
  }, [parallel]);

  useEffect(() => {
    if (key !== null) queue.current?.want(key);
  }, [key]);

  // A server that was away comes back: what could not be fetched then is asked for until it is here.
  useEffect(() => {
    if (key === null || shown.key !== key || !(shown.error instanceof RequestError) || shown.error.status !== UNREACHABLE) return;
    const timer = setTimeout(() => queue.current?.want(key), AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [key, shown]);

  const pending = key !== null && shown.key !== key;
  const late = useLate(pending, shown);
  return { ...shown, pending, late };
}

/** True when `pending` has lasted for 150 ms while `token` stayed the same. */
function useLate(pending: boolean, token: unknown): boolean {
  const [lateFor, setLateFor] = useState<unknown>(null);
  useEffect(() => {
    if (!pending) return;
    const timer = setTimeout(() => setLateFor(token), DIM_AFTER_MS);
    return () => clearTimeout(timer);
  }, [pending, token]);
  return pending && lateFor === token;
}
