import { describe, expect, it } from 'vitest';

import { daysOf, iso, monthsOf } from './days';

describe('the calendar', () => {
  it('adds up months', () => {
    expect(monthsOf({ '2025-01-03': 2, '2025-01-31': 1, '2025-12-01': 5 })).toEqual([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
  });
  it('begins weeks on Monday and knows leap years', () => {
    expect(daysOf(2024, 2).slice(0, 4)).toEqual([null, null, null, 1]); // a Thursday
    expect(daysOf(2024, 2).at(-1)).toBe(29);
    expect(daysOf(2025, 9)[0]).toBe(1); // a Monday
  });
  it('writes dates', () => {
    expect(iso(2025, 6, 3)).toBe('2025-06-03');
  });
});
