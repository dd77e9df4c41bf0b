/**
 * The viewer's state at once here, and in the page's hands (its address) when it has stood still: sliding through a hundred
 * frames must neither wait for the page nor write a hundred addresses.
 */

import { useCallback, useEffect, useRef, useState } from 'react';

import { stateToParams, type ViewerState } from '../core/state';

const REPORT_AFTER_MS = 200;

interface Held {
  readonly state: ViewerState;
  /** The page's state that was last taken over. */
  readonly given: string;
  /** What was reported and has not come back yet. */
  readonly reported: string | null;
}

const textOf = (state: ViewerState) => JSON.stringify(stateToParams(state));

export function useOwnState(
  given: ViewerState,
  report: (partial: Partial<ViewerState>) => void,
): [ViewerState, (partial: Partial<ViewerState>) => void] {
  const givenText = textOf(given);
  const [held, setHeld] = useState<Held>({ state: given, given: givenText, reported: null });
  if (givenText !== held.given) {
    // The page's answer to a report changes nothing here; anything else (back, a link) is taken over.
    const isAnswer = givenText === held.reported;
    setHeld({ state: isAnswer ? held.state : given, given: givenText, reported: isAnswer ? null : held.reported });
  }

  const pending = useRef<Partial<ViewerState>>({});
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const reporter = useRef(report);
  useEffect(() => {
    reporter.current = report;
  });
  useEffect(() => () => clearTimeout(timer.current), []);

  const change = useCallback((partial: Partial<ViewerState>) => {
    setHeld((before) => ({ ...before, state: { ...before.state, ...partial } }));
    pending.current = { ...pending.current, ...partial };
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const all = pending.current;
      pending.current = {};
      setHeld((before) => ({ ...before, reported: textOf(before.state) }));
      reporter.current(all);
    }, REPORT_AFTER_MS);
  }, []);

  return [held.state, change];
}
