/** What is handed down keeps its identity from frame to frame, so that only what shows the frame is rendered for it. */

import { useCallback, useLayoutEffect, useState } from 'react';

/** The same function for good; it calls the newest. */
export function useSteady<A extends readonly unknown[], R>(newest: (...given: A) => R): (...given: A) => R {
  const [box] = useState(() => ({ newest }));
  useLayoutEffect(() => {
    Object.assign(box, { newest });
  });
  return useCallback((...given: A) => box.newest(...given), [box]);
}

/** The same object as long as its fields are. */
export function useSame<T extends object>(value: T): T {
  return useKept(value, isSame);
}

/** The same list as long as the fields of its objects are. */
export function useSameList<T extends object>(values: readonly T[]): readonly T[] {
  return useKept(values, isSameList);
}

function useKept<T>(value: T, isEqual: (one: T, other: T) => boolean): T {
  const [kept, setKept] = useState(value);
  if (isEqual(kept, value)) return kept;
  setKept(value);
  return value;
}

function isSame(one: object, other: object): boolean {
  const [before, after] = [Object.entries(one), new Map(Object.entries(other))];
  return before.length === after.size && before.every(([key, value]) => after.has(key) && Object.is(after.get(key), value));
}

function isSameList(one: readonly object[], other: readonly object[]): boolean {
  return one.length === other.length && one.every((value, i) => isSame(value, other[i] ?? {}));
}
