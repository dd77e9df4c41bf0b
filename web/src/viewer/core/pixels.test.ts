import { describe, expect, it } from 'vitest';

import { complexPart } from './complex';
import { decimate, visibleRange } from './decimate';
import { decode, describeDtype, parseDtype, unsignedMaximum } from './dtype';
import {
  countMasked,
  decodeRuns,
  emptyMask,
  encodeRuns,
  invertMask,
  paintCircle,
  paintPolygon,
  paintRectangle,
  paintStroke,
  paintThreshold,
} from './mask';
import { maxPool, sampleBlock } from './pool';
import { lineProfile } from './profile';

const ALL = { sentinels: [], mask: null };

describe('dtype', () => {
  it('views the buffer without copying', () => {
    const buffer = new Uint32Array([1, 4294967295]).buffer;
    const values = decode(buffer, '<u4');
    expect(values.buffer).toBe(buffer);
    expect([...values]).toEqual([1, 4294967295]);
  });

  it('reads booleans, 64-bit integers and complex numbers', () => {
    expect([...decode(new Uint8Array([1, 0]).buffer, '|b1')]).toEqual([1, 0]);
    expect([...decode(new BigInt64Array([-3n]).buffer, '<i8')]).toEqual([-3]);
    expect(decode(new Float64Array([1, 2, 3, 4]).buffer, '<c16')).toHaveLength(4);
  });

  it('knows what is not a number', () => {
    expect(parseDtype('|S10')).toBeNull();
    expect(parseDtype("[('a', '<f4')]")).toBeNull();
    expect(() => decode(new ArrayBuffer(4), '|O')).toThrow(/can't be shown/);
  });

  it('knows the largest unsigned value, and names', () => {
    expect(unsignedMaximum('<u2')).toBe(65535);
    expect(unsignedMaximum('<i4')).toBeNull();
    expect(describeDtype('<u4')).toBe('unsigned 32-bit integer');
    expect(describeDtype('<c8')).toBe('complex, 2 × 32 bit');
    expect(['|O', '|S8', '<U5'].map(describeDtype)).toEqual(['text', 'text', 'text']);
    expect(describeDtype("[('id', '<i4'), ('x', '<f8')]")).toBe('table of id, x');
  });
});

describe('complexPart', () => {
  it('gives amplitude, phase and parts', () => {
    const values = [3, 4, 0, -2];
    expect([...complexPart(values, 'amplitude')]).toEqual([5, 2]);
    expect(complexPart(values, 'phase')[1]).toBeCloseTo(-Math.PI / 2);
    expect([...complexPart(values, 'imaginary')]).toEqual([4, -2]);
  });
});

describe('maxPool', () => {
  const image = new Uint32Array([1, 2, 3, 9, 5, 6, 4294967295, 8, 4294967295, 4294967295, 7, 7]);

  it('keeps the brightest valid pixel of each block and NaN where none is valid', () => {
    const whole = { row: 0, column: 0, rows: 3, columns: 4 };
    const { values, rows, columns } = maxPool(image, 4, whole, 2, { sentinels: [4294967295], mask: null });
    expect([rows, columns]).toEqual([2, 2]);
    expect([...values]).toEqual([6, 9, NaN, 7]);
  });

  it('leaves out masked pixels', () => {
    const mask = new Uint8Array(12);
    mask[3] = 1;
    const { values } = maxPool(image, 4, { row: 0, column: 2, rows: 2, columns: 2 }, 2, { sentinels: [4294967295], mask });
    expect([...values]).toEqual([8]);
  });

  it('copies a block at factor one', () => {
    const { values } = maxPool(image, 4, { row: 1, column: 1, rows: 1, columns: 3 }, 1, { sentinels: [4294967295], mask: null });
    expect([...values]).toEqual([6, NaN, 8]);
  });

  it('keeps negative values', () => {
    expect([...maxPool(new Float32Array([-5, -2, NaN, -9]), 2, { row: 0, column: 0, rows: 2, columns: 2 }, 2, ALL).values]).toEqual([-2]);
  });
});

describe('sampleBlock', () => {
  it('takes every valid value of a region', () => {
    const values = sampleBlock(new Float32Array([1, 2, 3, NaN, 5, 6]), 3, { row: 0, column: 0, rows: 2, columns: 2 }, ALL);
    expect([...values]).toEqual([1, 2, 5]);
  });

  it('stays below the limit', () => {
    expect(sampleBlock(new Float32Array(1000), 100, { row: 0, column: 0, rows: 10, columns: 100 }, ALL, 50)).toHaveLength(50);
  });
});

describe('mask run lengths', () => {
  it('start with unmasked pixels', () => {
    expect(encodeRuns([1, 1, 0, 1])).toEqual([0, 2, 1, 1]);
    expect(encodeRuns([0, 0, 0])).toEqual([3]);
    expect(encodeRuns([])).toEqual([0]);
  });

  it('come back as they were, for random masks', () => {
    for (let seed = 1; seed < 40; seed++) {
      const bytes = Uint8Array.from({ length: 137 }, (_, i) => ((i * seed * 2654435761) >>> 13) & 1);
      const runs = encodeRuns(bytes);
      expect(runs.reduce((a, b) => a + b, 0)).toBe(137);
      expect([...decodeRuns(runs, 137)]).toEqual([...bytes]);
    }
  });
});

describe('mask shapes', () => {
  it('paint pixels whose centre is inside', () => {
    const mask = emptyMask(4, 4);
    paintRectangle(mask, [3, 3], [1, 1], 1);
    expect(countMasked(mask.bytes)).toBe(4);
    paintRectangle(mask, [1, 1], [2, 2], 0);
    expect(countMasked(mask.bytes)).toBe(3);
  });

  it('circles, polygons and strokes', () => {
    const mask = emptyMask(20, 20);
    paintCircle(mask, [10, 10], 1, 1);
    expect(countMasked(mask.bytes)).toBe(4);
    const triangle = emptyMask(10, 10);
    paintPolygon(triangle, [[0, 0], [10, 0], [0, 10]], 1);
    expect(countMasked(triangle.bytes)).toBe(45);
    const stroke = emptyMask(5, 50);
    paintStroke(stroke, [2, 2.5], [48, 2.5], 1, 1);
    expect([...stroke.bytes.subarray(100, 150)].filter(Boolean).length).toBeGreaterThanOrEqual(46);
  });

  it('stay inside the image', () => {
    const mask = emptyMask(3, 3);
    paintCircle(mask, [-5, -5], 3, 1);
    paintRectangle(mask, [-10, -10], [1, 1], 1);
    expect(countMasked(mask.bytes)).toBe(1);
  });

  it('threshold and invert', () => {
    const mask = emptyMask(1, 4);
    paintThreshold(mask, [1, 5, NaN, 100], null, 50);
    expect([...mask.bytes]).toEqual([0, 0, 1, 1]);
    invertMask(mask);
    expect([...mask.bytes]).toEqual([1, 1, 0, 0]);
  });
});

describe('lineProfile', () => {
  const image = Float32Array.from({ length: 100 }, (_, i) => i % 10);

  it('reads along a row', () => {
    const { position, value } = lineProfile(image, 10, 10, { x0: 0.5, y0: 5.5, x1: 9.5, y1: 5.5 }, 1, ALL);
    expect([...value]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(position[9]).toBe(9);
  });

  it('averages valid pixels across its width', () => {
    const mask = new Uint8Array(100).fill(1, 40, 50);
    const { value } = lineProfile(image, 10, 10, { x0: 2.5, y0: 4.5, x1: 2.5, y1: 6.5 }, 3, { sentinels: [], mask });
    expect(value[0]).toBeNaN();
    expect(value[1]).toBe(2);
  });
});

describe('decimate', () => {
  it('keeps peaks', () => {
    const values = new Float32Array(100_000);
    values[54_321] = 7;
    values[12_345] = -7;
    const chosen = decimate(values, 0, values.length - 1, 500);
    expect(chosen.length).toBeLessThanOrEqual(1002);
    expect(chosen).toContain(54_321);
    expect(chosen).toContain(12_345);
    expect([...chosen]).toEqual([...chosen].sort((a, b) => a - b));
  });

  it('keeps short curves whole', () => {
    expect([...decimate([3, 1, 2], 0, 2, 10)]).toEqual([0, 1, 2]);
  });

  it('finds the visible part, rising and falling', () => {
    expect(visibleRange([0, 1, 2, 3, 4, 5], 1.5, 3.2)).toEqual([1, 4]);
    expect(visibleRange([5, 4, 3, 2, 1, 0], 1.5, 3.2)).toEqual([1, 4]);
  });
});
