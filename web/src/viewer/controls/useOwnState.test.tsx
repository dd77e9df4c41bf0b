import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { ViewerState } from '../core/state';
import { useOwnState } from './useOwnState';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function setUp(first: ViewerState) {
  const told: Partial<ViewerState>[] = [];
  const hook = renderHook(({ given }: { given: ViewerState }) => useOwnState(given, (partial) => told.push(partial)), {
    initialProps: { given: first },
  });
  const change = (partial: Partial<ViewerState>) => {
    act(() => {
      hook.result.current[1](partial);
    });
  };
  return { told, hook, change };
}

it('shows a change at once and tells it when it has stood still', () => {
  const { told, hook, change } = setUp({ slice: [0] });
  change({ slice: [1] });
  change({ slice: [2] });
  expect([hook.result.current[0].slice, told]).toEqual([[2], []]);
  act(() => {
    vi.advanceTimersByTime(300);
  });
  expect(told).toEqual([{ slice: [2] }]);
});

it('tells a step at once, so that it can be taken back', () => {
  const { told, change } = setUp({});
  change({ slice: [3] });
  change({ vis: 'volume' });
  expect(told).toEqual([{ slice: [3], vis: 'volume' }]);
});

it('follows the page wherever it goes after the answer to a change', () => {
  const { hook, change } = setUp({ vis: 'volume' });
  change({ vis: 'slices' });
  hook.rerender({ given: { vis: 'slices' } });
  hook.rerender({ given: { vis: 'volume' } });
  expect(hook.result.current[0].vis).toBe('volume');
  hook.rerender({ given: { vis: 'slices' } });
  expect(hook.result.current[0].vis).toBe('slices');
});

it('keeps what is still being changed on top of what the page says', () => {
  const { hook, change } = setUp({ slice: [0] });
  change({ slice: [5] });
  hook.rerender({ given: { slice: [1], map: 'grey' } });
  expect(hook.result.current[0]).toEqual({ slice: [5], map: 'grey' });
});
