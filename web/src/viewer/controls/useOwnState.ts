/**
 * The viewer's state at once here, and in the page's hands (its address) when it has stood still: sliding through a hundred
 * frames must neither wait for the page nor write a hundred addresses. A step, which 'back' takes back, is told at once.
 */

import { useCallback, useEffect, useRef, useState } from 'react';

import { isStep, stateToParams, type ViewerState } from '../core/state';

const REPORT_AFTER_MS = 200;

interface Held {
  readonly state: ViewerState;
  /** The page's state that was last taken over. */
  readonly given: string;
  /** What was changed here and not told yet: it goes on top of whatever the page gives. */
  readonly pending: Partial<ViewerState>;
}

const textOf = (state: ViewerState) => JSON.stringify(stateToParams(state));

export function useOwnState(
  given: ViewerState,
  report: (partial: Partial<ViewerState>) => void,
): [ViewerState, (partial: Partial<ViewerState>) => void] {
  const givenText = textOf(given);
  const [held, setHeld] = useState<Held>({ state: given, given: givenText, pending: {} });
  if (givenText !== held.given) {
    const next = { ...given, ...held.pending };
    setHeld({ ...held, state: textOf(next) === textOf(held.state) ? held.state : next, given: givenText });
  }

  const pending = useRef<Partial<ViewerState>>({});
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const reporter = useRef(report);
  useEffect(() => {
    reporter.current = report;
  });
  useEffect(() => () => clearTimeout(timer.current), []);

  const change = useCallback((partial: Partial<ViewerState>) => {
    setHeld((before) => ({ ...before, state: { ...before.state, ...partial }, pending: { ...before.pending, ...partial } }));
    pending.current = { ...pending.current, ...partial };
    clearTimeout(timer.current);
    const tell = () => {
      const all = pending.current;
      pending.current = {};
      setHeld((before) => ({ ...before, pending: {} }));
      reporter.current(all);
    };
    if (isStep(partial)) tell();
    else timer.current = setTimeout(tell, REPORT_AFTER_MS);
  }, []);

  return [held.state, change];
}
