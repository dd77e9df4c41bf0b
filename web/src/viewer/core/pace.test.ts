import { describe, expect, it } from 'vitest';

import { Pace } from './pace';

/** Steps taken on a screen of 60 Hz over a second; the frame is there `latency` ms after each step. */
function played(fps: number, latency: number): number[] {
  const pace = new Pace();
  pace.start(0, fps);
  const steps: number[] = [];
  let ready = 0;
  for (let tick = 1; tick <= 60; tick++) {
    const now = (tick * 1000) / 60;
    pace.setBusy(now < ready);
    const by = pace.advance(now, fps);
    if (by === 0) continue;
    steps.push(by);
    ready = now + latency;
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
    expect(steps.length).toBeLessThanOrEqual(7);
    expect(sum(steps)).toBeGreaterThanOrEqual(25);
  });

  it('goes on after a frame that never comes', () => {
    const pace = new Pace();
    pace.start(0, 10);
    expect(pace.advance(100, 10)).toBe(1);
    pace.setBusy(true);
    expect(pace.advance(1000, 10)).toBe(0);
    expect(pace.advance(2200, 10)).toBeGreaterThan(0);
  });
});
