import { describe, expect, it } from 'vitest';

import { Pace } from './pace';

/** Steps taken on a screen of 60 Hz over a second; frames are made one after the other, each in `latency` ms. */
function played(fps: number, latency: number): number[] {
  const pace = new Pace();
  pace.start(0, fps);
  const steps: number[] = [];
  const coming: { at: number }[] = [];
  let ready = 0;
  for (let tick = 1; tick <= 60; tick++) {
    const now = (tick * 1000) / 60;
    while (coming[0] && coming[0].at <= now) pace.came(coming.shift() ?? {});
    const by = pace.advance(now, fps);
    if (by === 0) continue;
    steps.push(by);
    ready = Math.max(ready, now) + latency;
    const frame = { at: ready };
    coming.push(frame);
    pace.wants(frame);
  }
  return steps;
}
const sum = (steps: number[]) => steps.reduce((total, by) => total + by, 0);

describe('Pace', () => {
  it('shows every frame where frames come in time', () => {
    expect(played(20, 10)).toEqual(new Array<number>(20).fill(1));
  });

  it('leaves frames out where they come too late, and keeps to the clock', () => {
    const steps = played(30, 150);
    expect(steps.length).toBeLessThanOrEqual(8);
    expect(sum(steps)).toBeGreaterThanOrEqual(25);
  });

  it('has the next frame made while the last one is shown', () => {
    // One at a time would wait for the screen after each of them: 15 a second at most.
    expect(played(30, 40).length).toBeGreaterThanOrEqual(23);
  });

  it('waits for no frame that is older than one that came', () => {
    const pace = new Pace();
    pace.start(0, 10);
    const [first, second] = [{}, {}];
    pace.wants(first);
    pace.wants(second);
    expect(pace.advance(100, 10)).toBe(0);
    pace.came(second);
    expect(pace.advance(110, 10)).toBe(1);
  });

  it('goes on after a frame that never comes', () => {
    const pace = new Pace();
    pace.start(0, 10);
    expect(pace.advance(100, 10)).toBe(1);
    pace.wants({});
    pace.wants({});
    expect(pace.advance(1000, 10)).toBe(0);
    expect(pace.advance(2200, 10)).toBeGreaterThan(0);
  });
});
