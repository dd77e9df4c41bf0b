import { act, renderHook } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import type { ViewerState } from '../core/state';
import { useSame, useSameList, useSteady } from './useSteady';

describe('what keeps its identity', () => {
  it('is a function that calls the newest', () => {
    const { result, rerender } = renderHook(({ by }) => useSteady((given: number) => given * by), { initialProps: { by: 2 } });
    const first = result.current;
    rerender({ by: 3 });
    expect(result.current).toBe(first);
    let found = 0;
    act(() => {
      found = first(5);
    });
    expect(found).toBe(15);
  });

  it('is an object while its fields are the same, and no longer', () => {
    const zoom: ViewerState['zoom'] = [1, 2, 3, 4];
    const initialProps: { value: ViewerState } = { value: { zoom, map: 'viridis' } };
    const { result, rerender } = renderHook(({ value }) => useSame(value), { initialProps });
    const first = result.current;
    rerender({ value: { zoom, map: 'viridis' } });
    expect(result.current).toBe(first);
    rerender({ value: { zoom, map: 'grey' } });
    expect(result.current).toEqual({ zoom, map: 'grey' });
    rerender({ value: { zoom } });
    expect(result.current).toEqual({ zoom });
  });

  it('is a list while the fields of its objects are', () => {
    const { result, rerender } = renderHook(({ values }) => useSameList(values), { initialProps: { values: [{ size: 3 }, { size: 4 }] } });
    const first = result.current;
    rerender({ values: [{ size: 3 }, { size: 4 }] });
    expect(result.current).toBe(first);
    rerender({ values: [{ size: 3 }, { size: 5 }] });
    expect(result.current[1]).toEqual({ size: 5 });
  });
});
