import { describe, expect, it, vi } from 'vitest';

import { PlainSlot } from '../decode/plainSlot';
import { FrameStore, sentinelsOf, type Fetcher, type FrameSource } from './frameStore';
import type { Payload } from './requests';

const NO_RULES = { sentinels: [], maskUrl: null };
const source = (url: string, extra: Partial<FrameSource> = {}): FrameSource => ({ url, part: null, transposed: false, ...extra });
const live = () => new AbortController().signal;

function frame(values: number[], shape: number[]): Payload {
  return { bytes: Float32Array.from(values).buffer, codec: null, shape, dtype: '<f4', took: 1 };
}

const storeOf = (fetcher: Fetcher, limits?: { payloads: number; decoded: number }) =>
  new FrameStore(fetcher, () => new PlainSlot(), limits);

describe('FrameStore', () => {
  it('asks once for a frame that several want, and keeps it', async () => {
    const fetcher = vi.fn(() => Promise.resolve(frame([1, 2, 3, 4], [2, 2])));
    const store = storeOf(fetcher);
    const [a, b] = await Promise.all([store.frame(source('u'), live()), store.frame(source('u'), live())]);
    expect(a).toBe(b);
    await store.value(source('u'), 1, 0, live());
    expect(fetcher).toHaveBeenCalledTimes(1);
  });

  it('uses its memory again: the same slots and buffers over 200 frames', async () => {
    const store = storeOf(() => Promise.resolve(frame(new Array<number>(100).fill(1), [10, 10])), { payloads: 2000, decoded: 2000 });
    const bytes: number[] = [];
    let cost = null;
    for (let i = 0; i < 200; i++) {
      const rendered = await store.render(source(`frame ${i}`), NO_RULES, null, 2, live());
      bytes.push(store.bytes);
      cost = rendered.cost;
      store.recycle(rendered.values);
    }
    expect(cost).toMatchObject({ decoded: 200, slots: 5, buffers: 1, held: 2000 });
    expect(Math.max(...bytes)).toBeLessThanOrEqual(4000);
  });

  it('fetches ahead without decoding, and not again', async () => {
    const fetcher = vi.fn<Fetcher>(() => Promise.resolve(frame([1, 2, 3, 4], [2, 2])));
    const store = storeOf(fetcher);
    await store.prefetch(source('u'), live());
    expect(fetcher).toHaveBeenCalledWith('u', expect.anything(), { stored: true, later: true });
    const { cost } = await store.render(source('u'), NO_RULES, null, 1, live());
    expect(cost.decoded).toBe(1);
    expect(fetcher).toHaveBeenCalledTimes(1);
  });

  it('asks for values after a chunk that does not decode', async () => {
    const broken: Payload = { bytes: new ArrayBuffer(20), codec: 'bitshuffle-lz4', shape: [1, 2], dtype: '<u2', took: 1 };
    const fetcher = vi.fn<Fetcher>((_, __, { stored }) => Promise.resolve(stored ? broken : frame([5, 6], [1, 2])));
    const store = storeOf(fetcher);
    expect([...(await store.render(source('u'), NO_RULES, null, 1, live())).values]).toEqual([5, 6]);
    expect(fetcher.mock.calls.map(([, , { stored }]) => stored)).toEqual([true, false]);
  });

  it('decodes again a frame whose slot went while its mask came', async () => {
    let sendMask: () => void = () => undefined;
    const store = storeOf(
      (url) =>
        url === 'mask'
          ? new Promise((resolve) => (sendMask = () => resolve(frame([0, 1], [1, 2]))))
          : Promise.resolve(frame([url.length, 7], [1, 2])),
      { payloads: 1000, decoded: 16 },
    );
    const slow = store.render(source('a'), { sentinels: [], maskUrl: 'mask' }, null, 1, live());
    for (const other of ['bb', 'ccc', 'dddd']) await store.render(source(other), NO_RULES, null, 1, live());
    sendMask();
    expect([...(await slow).values]).toEqual([1, NaN]);
  });

  it('aborts the request when nobody waits any more, not before', async () => {
    let given: AbortSignal | undefined;
    const store = storeOf((_, signal) => {
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
    const answers: Record<string, Payload> = {
      image: frame([1, 2, 3, 4, 5, 600], [2, 3]),
      mask: frame([0, 0, 0, 0, 0, 8], [2, 3]),
    };
    const store = storeOf((url) => Promise.resolve(answers[url] ?? frame([], [0, 0])));
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
    const store = storeOf(fetcher);
    const rules = { sentinels: [], maskUrl: 'mask' };
    await Promise.all([store.render(source('image'), rules, null, 1, live()), store.describe(source('image'), rules, null, false, live())]);
    expect(fetcher.mock.calls.map(([url]: unknown[]) => url).sort()).toEqual(['image', 'mask']);
  });

  it('leaves out a mask of another size', async () => {
    const store = storeOf((url) => Promise.resolve(url === 'mask' ? frame([1], [1, 1]) : frame([1, 2], [1, 2])));
    const rendered = await store.render(source('image'), { sentinels: [], maskUrl: 'mask' }, null, 1, live());
    expect([...rendered.values]).toEqual([1, 2]);
  });

  it('clips regions to the frame', async () => {
    const store = storeOf(() => Promise.resolve(frame([1, 2, 3, 4], [2, 2])));
    const wide = { row: -5, column: 1, rows: 50, columns: 50 };
    const { statistics } = await store.describe(source('u'), NO_RULES, wide, false, live());
    expect(statistics).toMatchObject({ count: 2, sum: 6 });
  });

  it('turns transposed and complex frames', async () => {
    const store = storeOf((url) =>
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
