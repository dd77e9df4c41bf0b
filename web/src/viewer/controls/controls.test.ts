// @vitest-environment jsdom
import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { stateFromParams, stateToParams, type ViewerState } from '../core/state';
import { commandOf } from './keys';
import { useOwnState } from './useOwnState';

describe('commandOf', () => {
  const press = (key: string, extra: Partial<KeyboardEvent> = {}) =>
    commandOf({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...extra });

  it('steps by one and with Shift by ten', () => {
    expect(press('ArrowRight')).toEqual({ kind: 'step', by: 1 });
    expect(press('ArrowLeft', { shiftKey: true })).toEqual({ kind: 'step', by: -10 });
  });

  it('knows letters in both cases and leaves the browser its own', () => {
    expect(press('L')).toEqual({ kind: 'log' });
    expect(press('?', { shiftKey: true })).toEqual({ kind: 'help' });
    expect(press('r', { ctrlKey: true })).toBeNull();
    expect(press('x')).toBeNull();
  });
});

describe('state in the address', () => {
  it('comes back as it went', () => {
    const state: ViewerState = {
      vis: 'heatmap',
      slice: [17, 0, 0],
      scale: 'log',
      domain: [1, 2500.5],
      zoom: [10, 20, 30.25, 40],
      mask: false,
      rings: 'AgBh',
      panel: 'region',
      region: [1, 2, 3, 4],
      map: 'cividis',
      invert: true,
      xScale: 'log',
      errors: 'band',
      pinned: [3, 4],
    };
    expect(stateFromParams(stateToParams(state))).toEqual(state);
  });

  it('leaves out defaults and nonsense', () => {
    expect(stateToParams({ zoom: undefined, pinned: [] })).toEqual({});
    expect(stateFromParams({ vis: 'magic', slice: 'a_b', dom: '1', mask: 'yes', x: '-1' })).toEqual({});
  });
});

const NOTHING: ViewerState = {};

describe('useOwnState', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function setUp() {
    const report = vi.fn();
    const hook = renderHook(({ given }) => useOwnState(given, report), { initialProps: { given: NOTHING } });
    const change = (partial: ViewerState) => act(() => hook.result.current[1](partial));
    return { report, hook, change };
  }

  it('changes at once and reports once it stands still', () => {
    const { report, hook, change } = setUp();
    for (let frame = 1; frame <= 5; frame++) {
      change({ slice: [frame] });
      act(() => void vi.advanceTimersByTime(50));
    }
    change({ scale: 'log' });
    expect(hook.result.current[0]).toEqual({ slice: [5], scale: 'log' });
    expect(report).not.toHaveBeenCalled();
    act(() => void vi.advanceTimersByTime(300));
    expect(report.mock.calls).toEqual([[{ slice: [5], scale: 'log' }]]);
  });

  it('does not go back when the page answers while it moved on', () => {
    const { hook, change } = setUp();
    change({ slice: [5] });
    act(() => void vi.advanceTimersByTime(300));
    change({ slice: [6] });
    hook.rerender({ given: { slice: [5] } });
    expect(hook.result.current[0]).toEqual({ slice: [6] });
  });

  it('goes where the page goes', () => {
    const { hook, change } = setUp();
    change({ slice: [5] });
    act(() => void vi.advanceTimersByTime(300));
    hook.rerender({ given: { slice: [5] } });
    hook.rerender({ given: { slice: [2], map: 'grey' } });
    expect(hook.result.current[0]).toEqual({ slice: [2], map: 'grey' });
  });
});
