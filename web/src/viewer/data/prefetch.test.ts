import { describe, expect, it, vi } from 'vitest';

import { ahead, Prefetcher } from './prefetch';

describe('ahead', () => {
  it.each([
    [{ index: 5, step: 1, size: 100 }, [6, 7, 8]],
    [{ index: 5, step: -2, size: 100 }, [3, 1]],
    [{ index: 98, step: 1, size: 100 }, [99]],
    [{ index: 5, step: 0, size: 100 }, []],
    [{ index: 5, step: 80, size: 100 }, []],
  ])('%o', (movement, expected) => {
    expect(ahead(movement, 3)).toEqual(expected);
  });
});

function setUp() {
  const asked: number[] = [];
  const signals = new Map<number, AbortSignal>();
  const finish = new Map<number, () => void>();
  const prefetcher = new Prefetcher<number>((frame, signal) => {
    asked.push(frame);
    signals.set(frame, signal);
    return new Promise<void>((resolve) => finish.set(frame, resolve));
  });
  const want = (index: number) =>
    prefetcher.want(ahead({ index, step: 1, size: 1000 }, 4).map((frame) => ({ key: String(frame), source: frame })), String(index));
  const aborted = () => [...signals].filter(([, signal]) => signal.aborted).map(([frame]) => frame);
  return { prefetcher, want, asked, aborted, finish };
}

describe('Prefetcher', () => {
  it('keeps what is on its way when the slider takes the step that was foreseen', async () => {
    const { want, asked, aborted, finish } = setUp();
    want(10);
    expect(asked).toEqual([11, 12]);
    want(11);
    expect(aborted()).toEqual([]);
    finish.get(12)?.();
    await vi.waitFor(() => expect(asked).toEqual([11, 12, 13]));
  });

  it('fetches one after the other to the end, each once', async () => {
    const { want, asked, finish } = setUp();
    want(0);
    for (const frame of [1, 2, 3, 4]) {
      await vi.waitFor(() => expect(asked).toContain(frame));
      finish.get(frame)?.();
    }
    want(0);
    await Promise.resolve();
    expect(asked).toEqual([1, 2, 3, 4]);
  });

  it('aborts what is left behind, and everything at the end', () => {
    const { prefetcher, want, aborted } = setUp();
    want(10);
    want(500);
    expect(aborted()).toEqual([11, 12]);
    prefetcher.close();
    expect(aborted()).toEqual([11, 12, 501, 502]);
  });

  it('does not try again at once what failed', async () => {
    const fetch = vi.fn(() => Promise.reject(new Error('down')));
    const prefetcher = new Prefetcher<number>(fetch);
    prefetcher.want([{ key: 'a', source: 1 }], 'x');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});
