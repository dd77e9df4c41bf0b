import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { autoDomain, colorDomain, colorFraction, defaultMap, defaultScale, isTwoSided, percentileOf, scaled, unscaled, validDomain } from './contrast';
import { axisLabel, formatBytes, formatNumber, formatUncertain, prettyUnit, withUnit } from './format';
import { FrameQueue, RESTS_AFTER_MS } from './frameQueue';
import { ByteLru } from './lru';
import { blockSelection, defaultMapping, isTransposed, isValidMapping, safeSlice, selectionText, slicedDimensions } from './selection';
import { histogram, percentiles, statistics } from './statistics';
import { logTickLabel, paddedDomain, plainTickLabel, project, tickLabel, ticks, wholeTicks } from './ticks';

describe('selection', () => {
  it('asks for one frame of a stack', () => {
    expect(selectionText([200, 2167, 2070], { x: 2, y: 1 }, [17, 0, 0])).toBe('17,:,:');
    expect(selectionText([5, 200, 10], { x: 1, y: null }, [2, 0, 9])).toBe('2,:,9');
  });

  it('asks for everything without text, and for scalars', () => {
    expect(selectionText([10, 10], { x: 1, y: 0 }, [0, 0])).toBeNull();
    expect(selectionText([], { x: 0, y: null }, [])).toBeNull();
  });

  it('keeps indices inside the array', () => {
    expect(safeSlice([3, 4], [7, -1])).toEqual([2, 0]);
    expect(safeSlice([3], undefined)).toEqual([0]);
    expect(safeSlice([0], [4])).toEqual([0]);
  });

  it('maps dimensions', () => {
    expect(defaultMapping([5, 6, 7], 2)).toEqual({ x: 2, y: 1 });
    expect(defaultMapping([5], 2)).toBeNull();
  });
  it('passes over dimensions of length one while there are others', () => {
    expect(defaultMapping([1, 999, 221, 1], 2)).toEqual({ x: 2, y: 1 });
    expect(defaultMapping([1, 1, 153], 2)).toEqual({ x: 2, y: 1 });
    expect(defaultMapping([153, 1], 1)).toEqual({ x: 0, y: null });
    expect(defaultMapping([1, 1], 2)).toEqual({ x: 1, y: 0 });
    expect(slicedDimensions(4, { x: 3, y: 1 })).toEqual([0, 2]);
    expect(isTransposed({ x: 0, y: 1 })).toBe(true);
    expect(isValidMapping({ x: 1, y: 1 }, 3)).toBe(false);
    expect(isValidMapping({ x: 1, y: null }, 2)).toBe(true);
  });

  it('asks for blocks', () => {
    expect(blockSelection([3, [0, 100], [200, 300]])).toBe('3,0:100,200:300');
  });
});

describe('ByteLru', () => {
  it('evicts the least recently used when bytes run out', () => {
    const cache = new ByteLru<number>(100);
    cache.set('a', 1, 40);
    cache.set('b', 2, 40);
    cache.get('a');
    cache.set('c', 3, 40);
    expect([cache.has('a'), cache.has('b'), cache.has('c')]).toEqual([true, false, true]);
    expect(cache.bytes).toBe(80);
  });

  it('stays below its limit over many frames', () => {
    const cache = new ByteLru<number>(100);
    for (let i = 0; i < 200; i++) cache.set(`frame ${i}`, i, 18);
    expect(cache.bytes).toBeLessThanOrEqual(100);
    expect(cache.size).toBe(5);
  });

  it('keeps one entry larger than the limit, and replaces', () => {
    const cache = new ByteLru<number>(10);
    cache.set('a', 1, 50);
    expect(cache.get('a')).toBe(1);
    cache.set('a', 2, 5);
    expect(cache.bytes).toBe(5);
  });
});

describe('statistics', () => {
  it('leave out NaN', () => {
    expect(statistics([1, NaN, 3])).toMatchObject({ count: 2, sum: 4, mean: 2, std: 1, minimum: 1, maximum: 3 });
    expect(statistics([NaN])).toBeNull();
  });

  it('interpolate percentiles', () => {
    expect(percentiles([4, 1, 3, 2, NaN, 5], [0, 25, 50, 90, 100])).toEqual([1, 2, 3, 4.6, 5]);
    expect(percentiles([], [50])[0]).toBeNaN();
  });

  it('bin linear and logarithmic histograms', () => {
    expect(histogram([0, 1, 2, 3, 4, 99], [0, 4], 4).counts).toEqual([1, 1, 1, 2]);
    const log = histogram([1, 10, 50, 100, 0], [1, 100], 2, true);
    expect(log.counts).toEqual([1, 3]);
    expect(log.edges[1]).toBeCloseTo(10);
    expect(histogram([1, 1], [1, 1], 3).counts).toEqual([0, 0, 0]);
  });
});

const EIGER = {
  minimum: 0,
  maximum: 21_000,
  positive_minimum: 1,
  percentiles: { '0.1': 0, '1': 0, '5': 0, '50': 2, '95': 60, '99': 400, '99.9': 3000 },
};

describe('contrast', () => {
  it('shows counts over decades on a log scale and the rest linearly', () => {
    expect(defaultScale(EIGER)).toBe('log');
    const radiograph = { minimum: 900, maximum: 6e4, positive_minimum: 900, percentiles: { '50': 3e4, '99.9': 5e4 } };
    expect(defaultScale(radiograph)).toBe('linear');
    expect(defaultScale({ ...EIGER, minimum: -4 })).toBe('linear');
  });

  it('takes 0.5 to 99.5 % on linear scales', () => {
    const stats = { minimum: 0, maximum: 100, positive_minimum: 1, percentiles: { '1': 1, '50': 50, '99': 99 } };
    expect(autoDomain(stats, 'linear')).toEqual([0.5, 99.5]);
    expect(percentileOf(stats, 25)).toBeCloseTo(25);
  });

  it('is not ruined by a hot pixel on log scales', () => {
    expect(autoDomain(EIGER, 'log')).toEqual([1, 21_000]);
    expect(autoDomain({ ...EIGER, maximum: 4e9 }, 'log')).toEqual([1, 30_000]);
  });

  it('never gives an empty domain', () => {
    const constant = { minimum: 3, maximum: 3, positive_minimum: 3, percentiles: { '50': 3 } };
    for (const scale of ['linear', 'log', 'sqrt', 'symlog'] as const) {
      const [low, high] = autoDomain(constant, scale);
      expect(high).toBeGreaterThan(low);
    }
  });

  it('has zero in the middle where values lie on both sides of it', () => {
    const field = { minimum: -4, maximum: 9, positive_minimum: 0.1, percentiles: { '0.1': -3, '1': -3, '50': 0, '99': 6, '99.9': 6 } };
    expect(defaultMap(field)).toBe('blue-red');
    expect(colorDomain(field, 'linear')).toEqual([-6, 6]);
    expect(defaultScale(field)).toBe('linear');
    const noisy = { ...field, percentiles: { '0.1': -0.1, '1': -0.1, '50': 0, '99': 6, '99.9': 6 } };
    expect(isTwoSided(noisy)).toBe(false);
    expect(defaultMap(noisy)).toBe('viridis');
    expect(colorDomain(noisy, 'linear')).toEqual(autoDomain(noisy, 'linear'));
    const darkSubtracted = { minimum: -9, maximum: 4000, positive_minimum: 0.1, percentiles: { '0.1': -6, '1': -5, '50': 0, '99': 5, '99.9': 300 } };
    expect(isTwoSided(darkSubtracted)).toBe(false);
    expect(defaultMap(darkSubtracted)).toBe('viridis');
    expect(defaultMap(null)).toBe('viridis');
  });

  it('maps values to colours', () => {
    expect(colorFraction(10, [1, 100], 'log')).toBeCloseTo(0.5);
    expect(colorFraction(0, [1, 100], 'log')).toBe(0);
    expect(colorFraction(25, [0, 100], 'sqrt')).toBeCloseTo(0.5);
    expect(colorFraction(-1e9, [-10, 10], 'symlog')).toBe(0);
    expect(colorFraction(NaN, [0, 1], 'linear')).toBeNaN();
  });

  it('scales there and back', () => {
    for (const scale of ['linear', 'log', 'sqrt', 'symlog'] as const) {
      expect(unscaled(scaled(7.5, scale), scale)).toBeCloseTo(7.5);
    }
  });

  it('puts custom domains right', () => {
    expect(validDomain([5, 1], 'linear', 1)).toEqual([1, 5]);
    expect(validDomain([-5, 100], 'log', 2)).toEqual([2, 100]);
  });
});

describe('format', () => {
  it.each([
    [7123, '7123'],
    [0.00012, '1.2 × 10⁻⁴'],
    [123456.7, '1.235 × 10⁵'],
    [-2.5, '−2.5'],
    [NaN, 'no value'],
    [4294967295, '4.295 × 10⁹'],
  ])('%d as %s', (value, text) => expect(formatNumber(value)).toBe(text));

  it('writes no powers of ten for numbers that merely have more digits than asked for', () => {
    expect(formatNumber(99_955.5, 3)).toBe('100000');
    expect(formatNumber(20_055.5, 3)).toBe('20100');
  });

  it.each([
    [33.42, 0.87, '33.4(9)'],
    [33.42, 0.147, '33.42(15)'],
    [1234.5, 23, '1230(20)'],
    [0.000123, 0.000004, '1.23(4) × 10⁻⁴'],
    [5, null, '5'],
    [5, 0, '5'],
  ])('%d ± %d as %s', (value, error, text) => expect(formatUncertain(value, error)).toBe(text));

  it.each([
    ['1/angstrom', 'Å⁻¹'],
    ['1/A', 'Å⁻¹'],
    ['A^-1', 'Å⁻¹'],
    ['nm-1', 'nm⁻¹'],
    ['deg', '°'],
    ['1/angstrom^4', 'Å⁻⁴'],
    ['1e-6/angstrom^2', '10⁻⁶ Å⁻²'],
    ['pixel', ''],
    ['arbitrary', 'a.u.'],
    ['mA', 'mA'],
    ['A', 'A'],
    ['counts/s', 'counts/s'],
    ['kg m^2', 'kg m²'],
  ])('unit %s as %s', (unit, text) => expect(prettyUnit(unit)).toBe(text));

  it('labels, units, sizes', () => {
    expect(axisLabel('q', '1/nm')).toBe('q (nm⁻¹)');
    expect(axisLabel('frame', null)).toBe('frame');
    expect(axisLabel('Counts', 'counts')).toBe('Counts');
    expect(withUnit('12', 'deg')).toBe('12°');
    expect(formatBytes(17_943_000)).toBe('17.9 MB');
  });
});

describe('ticks', () => {
  it('are nice numbers', () => {
    expect(ticks([0, 10], 'linear', 5).map((tick) => tick.label)).toEqual(['0', '2', '4', '6', '8', '10']);
    expect(ticks([0.1, 1000], 'log', 6).filter((tick) => tick.label).map((tick) => tick.label)).toEqual(['0.1', '1', '10', '100', '1000']);
  });

  it('number things without fractions', () => {
    expect(wholeTicks([1, 5], 10).map((tick) => tick.label)).toEqual(['1', '2', '3', '4', '5']);
    expect(wholeTicks([1, 2], 12).map((tick) => tick.label)).toEqual(['1', '2']);
  });

  it('label what the step needs', () => {
    expect(tickLabel(0.25, 0.05)).toBe('0.25');
    expect(tickLabel(1_500_000, 500_000)).toBe('1.5×10⁶');
  });

  it('label ticks that others placed', () => {
    expect([1000, 2000, -0.5, 0, 1e6, 2.5e-7].map(plainTickLabel)).toEqual(['1000', '2000', '−0.5', '0', '1×10⁶', '2.5×10⁻⁷']);
    const wide = logTickLabel([1, 1e5]);
    expect([1, 2, 10, 50, 1e4].map(wide)).toEqual(['1', '', '10', '', '10⁴']);
    expect([0.1, 0.2, 0.3, 0.5].map(logTickLabel([0.05, 2]))).toEqual(['0.1', '0.2', '', '0.5']);
  });

  it('project values', () => {
    expect(project(10, [1, 100], 'log', 200)).toBe(100);
    expect(project(0, [1, 100], 'log', 200)).toBeNaN();
    expect(paddedDomain(0, 0, 'linear')).toEqual([-0.5, 0.5]);
  });
});

describe('FrameQueue', () => {
  function setUp() {
    const finish = new Map<number, (value: string) => void>();
    const onFrame = vi.fn();
    const queue = new FrameQueue<number, string>({
      load: (key) => new Promise((resolve) => finish.set(key, resolve)),
      onFrame,
      onError: vi.fn(),
      parallel: 1,
    });
    return { finish, onFrame, queue };
  }

  it('shows finished frames while the key is held and drops those in between', async () => {
    const { finish, onFrame, queue } = setUp();
    for (let frame = 0; frame < 10; frame++) queue.want(frame);
    expect([...finish.keys()]).toEqual([0]);
    finish.get(0)?.('zero');
    await vi.waitFor(() => expect(finish.has(9)).toBe(true));
    finish.get(9)?.('nine');
    await vi.waitFor(() => expect(onFrame).toHaveBeenCalledTimes(2));
    expect(onFrame.mock.calls.map(([key]: number[]) => key)).toEqual([0, 9]);
    expect(finish.size).toBe(2);
  });

  it('never goes back to an older frame', async () => {
    const finish = new Map<number, () => void>();
    const shown: number[] = [];
    const queue = new FrameQueue<number, null>({
      load: (key) => new Promise((resolve) => finish.set(key, () => resolve(null))),
      onFrame: (key) => shown.push(key),
      onError: vi.fn(),
    });
    queue.want(1);
    queue.want(2);
    finish.get(2)?.();
    await vi.waitFor(() => expect(shown).toEqual([2]));
    finish.get(1)?.();
    await Promise.resolve();
    expect(shown).toEqual([2]);
  });

  describe('when the slider moves on', () => {
    function signals(parallel: number) {
      const given = new Map<number, AbortSignal>();
      const finish = new Map<number, () => void>();
      const shown: number[] = [];
      const queue = new FrameQueue<number, null>({
        load: (key, signal) => {
          given.set(key, signal);
          return new Promise((resolve, reject) => {
            finish.set(key, () => resolve(null));
            signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
          });
        },
        onFrame: (key) => shown.push(key),
        onError: vi.fn(),
        parallel,
      });
      const aborted = () => [...given].filter(([, signal]) => signal.aborted).map(([key]) => key);
      return { queue, finish, shown, aborted, asked: () => [...given.keys()] };
    }

    beforeEach(() => vi.useFakeTimers());
    afterEach(() => vi.useRealTimers());

    it('lets what runs finish while it moves, so that frames keep coming', async () => {
      const { queue, finish, shown, aborted } = signals(2);
      for (let frame = 0; frame < 30; frame++) {
        queue.want(frame);
        await vi.advanceTimersByTimeAsync(33);
      }
      expect(aborted()).toEqual([]);
      finish.get(0)?.();
      await vi.advanceTimersByTimeAsync(0);
      expect(shown).toEqual([0]);
    });

    it('aborts what stands in the way once it rests, and asks for the newest', async () => {
      const { queue, aborted, asked } = signals(2);
      for (let frame = 0; frame < 5; frame++) queue.want(frame);
      expect(asked()).toEqual([0, 1]);
      await vi.advanceTimersByTimeAsync(RESTS_AFTER_MS);
      expect(aborted()).toEqual([0, 1]);
      expect(asked()).toEqual([0, 1, 4]);
    });

    it('aborts what is older than a frame that came', async () => {
      const { queue, finish, shown, aborted } = signals(2);
      queue.want(1);
      queue.want(2);
      finish.get(2)?.();
      await vi.advanceTimersByTimeAsync(0);
      expect(shown).toEqual([2]);
      expect(aborted()).toEqual([1]);
    });
  });

  it('aborts on close and reports nothing more', async () => {
    let signal: AbortSignal | undefined;
    const onError = vi.fn();
    const queue = new FrameQueue<number, null>({
      load: (_, given) => {
        signal = given;
        return Promise.reject(new Error('aborted'));
      },
      onFrame: vi.fn(),
      onError,
    });
    queue.want(1);
    queue.close();
    await Promise.resolve();
    expect(signal?.aborted).toBe(true);
    expect(onError).not.toHaveBeenCalled();
  });
});
