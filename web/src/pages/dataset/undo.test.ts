import { describe, expect, it } from 'vitest';

import { undoOf } from './undo';

describe('putting back what an edit changed', () => {
  it('sets a field to what it was', () => {
    expect(undoOf({ changes: { title: { old: 'a', new: 'b' } } })).toEqual({ title: 'a' });
  });

  it('gives a parameter its old value and unit', () => {
    const change = { old: { value: 290, unit: 'K', source: '/entry/sample' }, new: { value: 20, unit: 'degC' } };
    expect(undoOf({ changes: { 'parameter:temperature': change } })).toEqual({ parameters: { temperature: { value: 290, unit: 'K' } } });
  });

  it('takes away a parameter that was not there', () => {
    expect(undoOf({ changes: { 'parameter:pressure': { old: null, new: { value: 1 } } } })).toEqual({ parameters: { pressure: null } });
  });

  it.each([[{}], [{ changes: {} }], [{ changes: { state: { old: 'complete', new: 'withdrawn' } } }], [{ version: 2 }]])('leaves %j alone', (payload) => {
    expect(undoOf(payload)).toBeNull();
  });
});
