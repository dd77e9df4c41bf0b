import { describe, expect, it, vi } from 'vitest';

import { FrameStore, sentinelsOf, type FrameSource } from './frameStore';
import type { ReceivedArray } from './requests';

const NO_RULES = { sentinels: [], maskUrl: null };
const source = (url: string, extra: Partial<FrameSource> = {}): FrameSource => ({ url, part: null, transposed: false, ...extra });
const live = () => new AbortController().signal;

function frame(values: number[], shape: number[]): ReceivedArray {
  return { values: Float32Array.from(values), shape, dtype: '<f4' };
}

describe('FrameStore', () => {
  it('asks once for a frame that several want, and keeps it', async () => {
    const fetcher = vi.fn(() => Promise.resolve(frame([1, 2, 3, 4], [2, 2])));
    const store = new FrameStore(fetcher);
    const [a, b] = await Promise.all([store.frame(source('u'), live()), store.frame(source('u'), live())]);
    expect(a).toBe(b);
    await store.value(source('u'), 1, 0, live());
    expect(fetcher).toHaveBeenCalledTimes(1);
  });

  it('stays within its limit over 200 frames', async () => {
    const store = new FrameStore(() => Promise.resolve(frame(new Array<number>(100).fill(1), [10, 10])), 2000);
    for (let i = 0; i < 200; i++) await store.render(source(`frame ${i}`), NO_RULES, null, 2, live());
    expect(store.bytes).toBeLessThanOrEqual(2000);
  });

  it('aborts the request when nobody waits any more, not before', async () => {
    let given: AbortSignal | undefined;
    const store = new FrameStore((_, signal) => {
      given = signal;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))));
    });
    const [first, second] = [new AbortController(), new AbortController()];
    const both = [store.frame(source('u'), first.signal), store.frame(source('u'), second.signal)];
    first.abort();
    expect(given?.aborted).toBe(false);
    second.abort();
    expect(given?.aborted).toBe(true);
    const settled = await Promise.allSettled(both);
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('renders, describes and profiles without masked pixels', async () => {
    const answers: Record<string, ReceivedArray> = {
      image: frame([1, 2, 3, 4, 5, 600], [2, 3]),
      mask: frame([0, 0, 0, 0, 0, 8], [2, 3]),
    };
    const store = new FrameStore((url) => Promise.resolve(answers[url] ?? frame([], [0, 0])));
    const rules = { sentinels: [3], maskUrl: 'mask' };
    const rendered = await store.render(source('image'), rules, null, 3, live());
    expect([...rendered.values]).toEqual([5]);
    const { statistics, masked } = await store.describe(source('image'), rules, null, false, live());
    expect(statistics).toMatchObject({ count: 4, mean: 3, maximum: 5 });
    expect(masked).toBe(2);
    const { value } = await store.profile(source('image'), rules, { x0: 0.5, y0: 0.5, x1: 2.5, y1: 0.5 }, 1, live());
    expect([...value]).toEqual([1, 2, NaN]);
    expect(await store.threshold(source('image'), rules, null, 4, live())).toEqual([2, 1, 1, 2]);
  });

  it('fetches a mask once for all that wait for it', async () => {
    const fetcher = vi.fn(() => Promise.resolve(frame([1, 0], [1, 2])));
    const store = new FrameStore(fetcher);
    const rules = { sentinels: [], maskUrl: 'mask' };
    await Promise.all([store.render(source('image'), rules, null, 1, live()), store.describe(source('image'), rules, null, false, live())]);
    expect(fetcher.mock.calls.map(([url]: unknown[]) => url).sort()).toEqual(['image', 'mask']);
  });

  it('leaves out a mask of another size', async () => {
    const store = new FrameStore((url) => Promise.resolve(url === 'mask' ? frame([1], [1, 1]) : frame([1, 2], [1, 2])));
    const rendered = await store.render(source('image'), { sentinels: [], maskUrl: 'mask' }, null, 1, live());
    expect([...rendered.values]).toEqual([1, 2]);
  });

  it('clips regions to the frame', async () => {
    const store = new FrameStore(() => Promise.resolve(frame([1, 2, 3, 4], [2, 2])));
    const wide = { row: -5, column: 1, rows: 50, columns: 50 };
    const { statistics } = await store.describe(source('u'), NO_RULES, wide, false, live());
    expect(statistics).toMatchObject({ count: 2, sum: 6 });
  });

  it('turns transposed and complex frames', async () => {
    const store = new FrameStore((url) =>
      Promise.resolve(url === 'c' ? frame([3, 4, 0, 1], [1, 2]) : frame([1, 2, 3, 4, 5, 6], [2, 3])),
    );
    const turned = await store.frame(source('u', { transposed: true }), live());
    expect([turned.rows, turned.columns, ...turned.values]).toEqual([3, 2, 1, 4, 2, 5, 3, 6]);
    expect(await store.value(source('c', { part: 'amplitude' }), 0, 0, live())).toBe(5);
    expect(await store.value(source('c', { part: 'phase' }), 0, 5, live())).toBeNaN();
  });
});

describe('sentinelsOf', () => {
  it.each([
    ['<u4', null, [4294967295]],
    ['<i4', -2, [-2, -1]],
    ['<u4', 4294967295, [4294967295]],
    ['<u2', 65535, [65535]],
    ['<u2', null, []],
    ['<i4', -1, [-1, -2]],
    ['<f4', null, []],
  ])('%s with %s from the server', (dtype, server, expected) => {
    expect(sentinelsOf(dtype, server)).toEqual(expected);
  });
});
