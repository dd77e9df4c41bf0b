import { describe, expect, it } from 'vitest';

import { helpAddress } from './Markdown';

describe('links between help pages', () => {
  it.each([
    ['../how-to/upload.md', 'tutorials/first', 'how-to/upload', ''],
    ['second.md#start', 'tutorials/first', 'tutorials/second', 'start'],
    ['./deep/page.md', 'reference/a/b', 'reference/a/deep/page', ''],
    ['../../../../etc/passwd.md', 'tutorials/first', 'etc/passwd', ''],
  ])('%s on %s leads to %s', (href, base, path, hash) => expect(helpAddress(href, base)).toEqual({ path, hash }));

  it.each(['https://pyfai.readthedocs.io/a.md', '/proposals', '#here', 'javascript:alert(1).md', 'data.csv'])('%s is no help page', (href) =>
    expect(helpAddress(href, 'tutorials/first')).toBeNull(),
  );
});
