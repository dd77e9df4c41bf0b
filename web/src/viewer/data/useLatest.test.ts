// @vitest-environment jsdom
import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { RequestError, UNREACHABLE } from './requests';
import { useLatest } from './useLatest';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

it('asks again by itself while nothing answers', async () => {
  const key = { frame: 3 };
  const load = vi.fn<() => Promise<string>>().mockRejectedValue(new RequestError('away', null, UNREACHABLE, ''));
  const { result } = renderHook(() => useLatest(key, load));
  await wait(100);
  expect(result.current.error).toBeInstanceOf(RequestError);
  await wait(3500);
  await wait(3500);
  expect(load).toHaveBeenCalledTimes(3);
  load.mockResolvedValue('pixels');
  await wait(3500);
  expect(result.current).toMatchObject({ value: 'pixels', error: null, pending: false });
});

it('takes no for an answer', async () => {
  const key = { frame: 3 };
  const load = vi.fn<() => Promise<string>>().mockRejectedValue(new RequestError('refused', null, 403, 'r-1'));
  renderHook(() => useLatest(key, load));
  await wait(10_000);
  expect(load).toHaveBeenCalledTimes(1);
});
