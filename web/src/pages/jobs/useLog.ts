import { useCallback, useEffect, useRef, useState } from 'react';

import { fetchRaw } from '@/api/client';
import { ApiError } from '@/api/errors';
import { useLiveEvent } from '@/app/live-context';

/** Characters kept in the page; the whole log can be downloaded. */
const KEPT = 400_000;
const FOLLOW_MS = 2000;

export interface LogState {
  text: string;
  /** The beginning was left out. */
  cut: boolean;
  error: Error | null;
  loaded: boolean;
}

/**
 * The log from its last quarter megabyte on, then whatever is appended.
 *
 * Asked again when the job reports progress, and every two seconds while it runs, since programs also write without it.
 */
export function useLog(job: string, running: boolean): LogState {
  const [state, setState] = useState<LogState>({ text: '', cut: false, error: null, loaded: false });
  const offset = useRef<number | null>(null);
  const busy = useRef(false);
  const more = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      const first = offset.current === null;
      const from = offset.current ?? -262_144;
      const response = await fetchRaw(`/api/v1/jobs/${encodeURIComponent(job)}/log?offset=${String(from)}`);
      const added = await response.text();
      const next = Number(response.headers.get('X-Next-Offset') ?? Number.NaN);
      offset.current = Number.isFinite(next) ? next : (offset.current ?? 0) + new TextEncoder().encode(added).length;
      const skipped = first && Number.isFinite(next) && next > new TextEncoder().encode(added).length;
      setState((before) => {
        const whole = before.text + added;
        return { text: whole.slice(-KEPT), cut: before.cut || skipped || whole.length > KEPT, error: null, loaded: true };
      });
    } catch (error) {
      // A job that has not started has no log yet.
      const none = error instanceof ApiError && error.status === 404;
      setState((before) => ({ ...before, loaded: true, error: none || !(error instanceof Error) ? null : error }));
    } finally {
      busy.current = false;
    }
  }, [job]);

  useEffect(() => {
    offset.current = null;
    setState({ text: '', cut: false, error: null, loaded: false });
    void more();
  }, [more]);
  useEffect(() => {
    void more(); // Also once after the end, for the last lines.
    if (!running) return undefined;
    const timer = window.setInterval(() => void more(), FOLLOW_MS);
    return () => window.clearInterval(timer);
  }, [running, more]);
  useLiveEvent(({ subject }) => {
    if (subject === job) void more();
  });
  return state;
}
