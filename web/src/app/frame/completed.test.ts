import { describe, expect, it } from 'vitest';

import { completed } from './completed';

describe('a completion that is taken', () => {
  it('replaces the term at the caret', () => {
    expect(completed('lyso tech more', { start: 5, end: 9 }, 'technique:')).toEqual({ text: 'lyso technique: more', caret: 15 });
  });
  it('leaves room for the next term after a value', () => {
    expect(completed('tech', { start: 0, end: 4 }, 'technique:SAXS')).toEqual({ text: 'technique:SAXS ', caret: 15 });
  });
  it('stays before the space that is there', () => {
    expect(completed('sa x', { start: 0, end: 2 }, 'sample:ice').text).toBe('sample:ice x');
  });
});
