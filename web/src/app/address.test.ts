// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import { countOf, flagOf, listOf, oneOf, parseAddress, textOf, writeAddress } from './address';
import { localOnly } from './router';

describe('addresses', () => {
  it('keep lists as repeated keys and stay readable', () => {
    const text = writeAddress({ q: 'silica', technique: ['a', 'b'], path: '/entry/data,x:1', page: 2, gone: undefined, off: false });
    expect(text).toBe('?q=silica&technique=a&technique=b&path=/entry/data,x:1&page=2');
    expect(parseAddress(text.slice(1))).toEqual({ q: 'silica', technique: ['a', 'b'], path: '/entry/data,x:1', page: '2' });
  });

  it('survive any text', () => {
    for (const q of ['a&b=c', '100 % "quoted"', 'Å⁻¹', '?#/+', ' leading']) {
      expect(parseAddress(writeAddress({ q }).slice(1))).toEqual({ q });
    }
  });

  it('are empty without values', () => expect(writeAddress({ q: '', list: [] })).toBe(''));

  it('give only what a page can use', () => {
    const raw = parseAddress('sort=newest&page=0&all=true&one=x&kind=raw&kind=derived');
    expect(oneOf(raw, 'sort', ['newest', 'oldest'])).toBe('newest');
    expect(oneOf(raw, 'one', ['a'])).toBeUndefined();
    expect(countOf(raw, 'page')).toBeUndefined();
    expect(flagOf(raw, 'all')).toBe(true);
    expect(listOf(raw, 'one')).toEqual(['x']);
    expect(listOf(raw, 'kind')).toEqual(['raw', 'derived']);
    expect(textOf(raw, 'kind')).toBe('raw');
    expect(textOf(raw, 'missing')).toBeUndefined();
  });
});

it.each([
  ['/jobs/1?tab=log', '/jobs/1?tab=log'],
  ['//elsewhere.example', undefined],
  ['/\\elsewhere.example', undefined],
  ['https://elsewhere.example', undefined],
  ['javascript:alert(1)', undefined],
])('after signing in %s leads to %s', (next, target) => expect(localOnly(next)).toBe(target));
