import { afterEach, describe, expect, it, vi } from 'vitest';

import { curveOf, goThrough, throughSelection, type ThroughJob } from '../data/through';
import { imageAxis, plainAxis } from '../plots/axes';
import { throughCsv } from './csv';
import { markerText } from './FramePlot';
import { contrastOf, pooled } from './picture';
import { alongOf } from './ThroughStrip';

const job: ThroughJob = {
  source: { pid: 'p', version: 1, path: '/d', shape: [10, 3, 40, 50] },
  follow: 'region', along: 0, rows: 2, columns: 3, slice: [7, 2, 0, 0], box: [4.2, 30, 9.5, 45], width: 1, masked: true,
};

describe('a selection through a stack', () => {
  it('is the region inside the image, one index of the other dimensions, and all frames', () => {
    expect(throughSelection(job, 0)).toBe('0:,2,30:40,4:10');
    expect(throughSelection({ ...job, follow: 'pixel', box: [49, 39, 50, 40] }, 6)).toBe('6:,2,39:40,49:50');
    expect(throughSelection({ ...job, box: [90, -5, 80, -1] }, 0)).toBe('0:,2,0:1,49:50');
    expect(throughSelection({ ...job, follow: 'line' }, 3)).toBe('3:,2,:,:');
  });
});

describe('going through', () => {
  afterEach(() => vi.unstubAllGlobals());

  const answer = (rows: number[][], next = rows.length) =>
    new Response(new Float64Array(rows.flat()).buffer, {
      headers: { 'X-Shape': JSON.stringify([rows.length, 4]), 'X-Dtype': '<f8', 'X-Next': String(next) },
    });

  it('asks for the rest until every frame is there, and shows what has come', async () => {
    const asked: string[] = [];
    const answers = [answer(Array.from({ length: 6 }, (_, i) => [i, 1, i, i])), answer(Array.from({ length: 4 }, () => [0, 0, NaN, NaN]))];
    vi.stubGlobal('fetch', (url: string) => {
      asked.push(new URL(url, 'http://x').searchParams.get('selection') ?? '');
      return Promise.resolve(answers.shift());
    });
    const parts: number[] = [];
    const data = await goThrough(job, new AbortController().signal, (part) => {
      parts.push(part.done);
      expect(curveOf(part, 'sum')[9]).toBeNaN();
    });
    expect(asked).toEqual(['0:,2,30:40,4:10', '6:,2,30:40,4:10']);
    expect([parts, data.done]).toEqual([[6], 10]);
    expect([...curveOf(data, 'sum')].slice(4, 7)).toEqual([4, 5, NaN]);
  });

  it('ends when the server has nothing more', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(answer([], 0)));
    expect((await goThrough(job, new AbortController().signal, () => undefined)).done).toBe(0);
  });
});

describe('what is drawn', () => {
  const data = { values: Float64Array.from([6, 3, 1, 4, 0, 0, NaN, NaN]), perFrame: 4, isLine: false, done: 2 };
  const axis = imageAxis({ path: '/t', name: 'time', unit: 's', size: 2, values: [0.5, 1.5] });

  it('is the figure that is wanted, and nothing where no pixel is valid', () => {
    expect([...curveOf(data, 'mean')]).toEqual([2, NaN]);
    expect([...curveOf(data, 'maximum')]).toEqual([4, NaN]);
  });

  it('is told in words', () => {
    expect(markerText(axis, 1, NaN, 'counts')).toBe('1 of 1 · 1.5 s · no value');
  });

  it('goes into a table with its units', () => {
    const text = throughCsv({ axis, data, name: 'I, "raw"', unit: 'counts', comments: ['A\nB'] });
    expect(text.split('\n')).toEqual(['# A B', 'frame,time (s),sum (counts),pixels,minimum (counts),maximum (counts)', '0,0.5,6,3,1,4', '1,1.5,0,0,nan,nan', '']);
    const lines = throughCsv({ axis: imageAxis(plainAxis(2, 0, 3, null)), data: { ...data, isLine: true }, name: 'a,b', unit: null, comments: [] });
    expect(lines.split('\n')[0]).toBe('frame,"a,b at 0 px","a,b at 1 px","a,b at 2 px","a,b at 3 px"');
  });

  it('keeps the largest of what shares a cell', () => {
    const frames = 5000;
    const values = new Float64Array(frames * 2).fill(1);
    values[2 * 4001] = 99;
    const { columns, rows, cells } = pooled({ values, perFrame: 2, isLine: true, done: frames });
    expect([columns, rows]).toEqual([2048, 2]);
    expect(Math.max(...cells)).toBe(99);
  });

  it('has a contrast also where nothing has come yet', () => {
    expect(contrastOf([NaN, NaN], undefined)).toEqual({ scale: 'linear', domain: [0, 1] });
  });
});

it('goes along a sliced dimension that has frames', () => {
  const source = { shape: [1, 5, 6, 7, 8] } as never;
  expect(alongOf(source, [0, 1, 2], undefined)).toBe(1);
  expect(alongOf(source, [0, 1, 2], 2)).toBe(2);
  expect(alongOf(source, [0, 1, 2], 4)).toBe(1);
  expect(alongOf(source, [0], undefined)).toBeNull();
});
