import { describe, expect, it } from 'vitest';

import { inserted, pictureOf } from './insert';

describe('a piece put into a text', () => {
  it('stands alone in an empty text', () => {
    expect(inserted('', 'x', 0, 0)).toEqual({ text: 'x\n', cursor: 1 });
  });

  it('becomes a paragraph between what was before and after the cursor', () => {
    expect(inserted('one two', 'x', 4, 4)).toEqual({ text: 'one\n\nx\n\ntwo', cursor: 6 });
  });

  it('takes the place of the selection', () => {
    expect(inserted('one two three', 'x', 4, 7).text).toBe('one\n\nx\n\nthree');
  });
});

describe('a picture in Markdown', () => {
  it('has a caption that brackets and lines cannot end', () => {
    expect(pictureOf('a]b[c\\\nd.png', '/i/1')).toBe('![a b c  d.png](/i/1)');
  });

  it('has a caption where the file has no name', () => {
    expect(pictureOf('[]', '/i/1')).toBe('![picture](/i/1)');
  });
});
