// @vitest-environment jsdom
import { afterEach, describe, expect, it } from 'vitest';

import { around, change, go, hrefOf, parentOf, parse } from './address';

const read = (href: string) => {
  const { pathname, search } = new URL(href, 'http://127.0.0.1');
  return parse(pathname, search);
};

describe('addresses of pandaas view', () => {
  it.each(['', 'a.h5', 'run 7/scan#3?.h5', 'per%2Fcent.h5', '100%.h5', 'größe/ä.cbf', 'back\\slash.h5', 'new\nline', '‮cod.h5', "it's + & =.h5"])(
    'keep the place %j',
    (place) => {
      expect(read(hrefOf(place, '/entry/data', { slice: '3,0,0', map: 'grey' }))).toEqual({
        place,
        path: '/entry/data',
        params: { slice: '3,0,0', map: 'grey' },
      });
    },
  );

  it('are readable', () => {
    expect(hrefOf('run/a.h5', '/entry/data', { slice: '3,0,0' })).toBe('/view/run/a.h5?path=/entry/data&slice=3,0,0');
    expect(hrefOf('')).toBe('/view/');
  });

  it('that nobody wrote are no error', () => {
    expect(parse('/view/%E0%A4%A/x', '').place).toBe('%E0%A4%A/x');
    expect(parse('/', '').place).toBe('');
  });

  it('know what is around them', () => {
    expect(around('a/b/c.h5')).toEqual([{ name: 'a', place: 'a' }, { name: 'b', place: 'a/b' }, { name: 'c.h5', place: 'a/b/c.h5' }]);
    expect(parentOf('a/b/c.h5')).toBe('a/b');
    expect(parentOf('c.h5')).toBe('');
  });
});

describe('changes in one moment', () => {
  afterEach(() => window.history.replaceState(null, '', '/'));

  it('both count', () => {
    go(hrefOf('a.h5', '/x', { map: 'grey' }));
    change((before) => ({ ...before, scale: 'log' }));
    change((before) => ({ ...before, slice: '1,0,0' }));
    expect(window.location.pathname + window.location.search).toBe('/view/a.h5?path=/x&map=grey&scale=log&slice=1,0,0');
  });
});
