import { describe, expect, it } from 'vitest';

import type { UnderstoodTerm } from '@/api/types';

import { dateOf, rangeTerm, withTerm } from './terms';

const term = (field: string | null, text: string, more: Partial<UnderstoodTerm> = {}): UnderstoodTerm => ({
  field, value: text.split(':')[1] ?? text, label: text, text, negated: false, problem: null, note: null, ...more,
});

describe('terms that facets write into the box', () => {
  it('replaces the range that is there', () => {
    const understood = [term(null, 'silica'), term('photon_energy', 'photon_energy:7..8 keV')];
    expect(withTerm('silica photon_energy:7..8 keV', understood, 'photon_energy', 'photon_energy:8..9keV')).toBe('silica photon_energy:8..9keV');
    expect(withTerm('silica photon_energy:7..8 keV', understood, 'photon_energy')).toBe('silica');
  });
  it('leaves negated terms alone', () => {
    expect(withTerm('-a:1..2', [term('a', '-a:1..2', { negated: true })], 'a', 'a:3..4')).toBe('-a:1..2 a:3..4');
  });
  it('knows a name that was written out', () => {
    expect(withTerm('gain:2', [term('m.gain', 'gain:2', { note: 'gain is m.gain' })], 'm.gain')).toBe('');
  });
  it('writes ranges with sensible digits', () => {
    expect(rangeTerm('a', 7.000000001, 8.123456789, 'keV')).toBe('a:7..8.12346keV');
    expect(rangeTerm('a', null, 3, null)).toBe('a:..3');
    expect(rangeTerm('a', null, null, 'K')).toBeUndefined();
  });
  it('reads the date in force', () => {
    expect(dateOf([term('date', 'date:2025-06', { value: '2025-06' })])).toBe('2025-06');
    expect(dateOf([term('date', '-date:2025', { negated: true })])).toBeUndefined();
  });
});
