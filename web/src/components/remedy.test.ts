import { existsSync } from 'node:fs';

import { expect, it } from 'vitest';

import { FORMATS_PAGE, aroundFormats } from './remedy';

it('finds the words that lead to the list of formats', () => {
  expect(aroundFormats('See the list of formats in the reference, or convert it.')).toEqual({
    before: 'See the ',
    words: 'list of formats in the reference',
    after: ', or convert it.',
  });
  expect(aroundFormats('Copy it again.')).toBeNull();
});

it('leads to a page that exists', () => {
  expect(existsSync(`../docs/${FORMATS_PAGE}.md`)).toBe(true);
});
