import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { adapted, Pace, type Line } from './pace';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const after = (line: Line, ...delays: number[]) => delays.reduce((now, delay) => adapted(now, delay, 2), line);

test('a full line gets pictures of less quality at once, down to the least', () => {
  expect(after({ level: 0, calm: 2 }, 900)).toEqual({ level: 1, calm: 0 });
  expect(after({ level: 1, calm: 0 }, 900, 900, 900).level).toBe(2);
});

test('it gets better ones after three quick answers in turn', () => {
  expect(after({ level: 2, calm: 0 }, 20, 20).level).toBe(2);
  expect(after({ level: 2, calm: 0 }, 20, 20, 20).level).toBe(1);
  expect(after({ level: 2, calm: 0 }, 20, 20, 150, 20).level).toBe(2);
  expect(after({ level: 1, calm: 0 }, ...Array<number>(9).fill(5)).level).toBe(0);
});

test('pictures and bytes are those of the last second', () => {
  const pace = new Pace();
  const heard = vi.fn();
  pace.subscribe(heard);
  pace.start();
  pace.arrived(new ArrayBuffer(700));
  pace.arrived(new ArrayBuffer(300));
  vi.advanceTimersByTime(1000);
  expect(pace.rate).toEqual({ pictures: 0, bytes: 1000 });
  vi.advanceTimersByTime(5000);
  expect(pace.rate).toEqual({ pictures: 0, bytes: 0 });
  expect(heard).toHaveBeenCalledTimes(2); // a screen on which nothing happens costs the page nothing
  pace.stop();
});

test('each picture that is drawn counts, and is drawn', () => {
  const pace = new Pace();
  const drawImage = vi.fn();
  const canvas = { getContext: () => context } as unknown as HTMLCanvasElement;
  const context: { drawImage: (...given: unknown[]) => void } = Object.create({ drawImage }) as typeof context;
  pace.watch(canvas);
  pace.watch(canvas); // after the line was cut and came back
  pace.start();
  context.drawImage('picture', 0, 0);
  context.drawImage('picture', 1, 1);
  vi.advanceTimersByTime(1000);
  expect(pace.rate?.pictures).toBe(2);
  expect(drawImage).toHaveBeenCalledTimes(2);
  pace.stop();
});
