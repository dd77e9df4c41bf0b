import { describe, expect, it } from 'vitest';

import { cellText, complexNumber, fieldNames, prettyText, toRows } from './cells';

describe('cells', () => {
  it('write complex numbers with their sign', () => {
    expect(complexNumber(1.5, -2)).toBe('1.5 − 2i');
    expect(complexNumber(0, 1)).toBe('0 + 1i');
  });

  it('write values in one line', () => {
    expect([cellText(null), cellText(true), cellText(1 / 3), cellText([1, 2]), cellText('a')]).toEqual([
      '',
      'true',
      '0.3333333',
      '[1,2]',
      'a',
    ]);
  });

  it('find fields of compound types', () => {
    expect(fieldNames("[('energy', '<f8'), ('name', 'S10')]")).toEqual(['energy', 'name']);
    expect(fieldNames("[('t', '<f8'), ('pos', [('x', '<f4'), ('y', '<f4')]), ('c', ('<i4', (3,))), (\"it's\", '|b1')]")).toEqual(['t', 'pos', 'c', "it's"]);
    expect(fieldNames('<f4')).toBeNull();
  });

  it('make rows of records, lists and single values', () => {
    expect(toRows([[1, 'a'], [2, 'b']], ['n', 's'])).toEqual({ columns: ['n', 's'], rows: [['1', 'a'], ['2', 'b']] });
    expect(toRows([{ n: 1 }, { n: 2 }], null)).toEqual({ columns: ['n'], rows: [['1'], ['2']] });
    expect(toRows(['x', 'y'], null)).toEqual({ columns: ['Value'], rows: [['x'], ['y']] });
    expect(toRows([[1, 2, 3]], ['a'])).toMatchObject({ columns: ['0', '1', '2'] });
  });

  it('indent JSON and nothing else', () => {
    expect(prettyText('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(prettyText('[broken')).toBe('[broken');
    expect(prettyText('plain')).toBe('plain');
  });
});
