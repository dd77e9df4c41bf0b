import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';

import type { DatasetOut } from '@/api/types';

import { Tree } from './Tree';

afterEach(() => vi.unstubAllGlobals());

/** The tree of a dataset whose root the server answers with `root` (never, without). */
function show(root?: object) {
  vi.stubGlobal('fetch', () => (root ? Promise.resolve(Response.json(root)) : new Promise(() => undefined)));
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Tree dataset={{ pid: 'ds-1', entry_path: '/' } as DatasetOut} path="/" onOpen={() => undefined} />
    </QueryClientProvider>,
  );
}

it('is no tree while there is nothing in it', () => {
  show();
  expect(screen.getByRole('status').textContent).toBe('Reading …');
  expect(screen.queryByRole('tree')).toBeNull();
});

it('says that a file is empty', async () => {
  show({ name: '', path: '/', kind: 'group', children: [] });
  expect(await screen.findByText('Empty')).toBeTruthy();
  expect(screen.queryByRole('tree')).toBeNull();
});

it('is a tree of what the file holds', async () => {
  show({ name: '', path: '/', kind: 'group', children: [{ name: 'entry', path: '/entry', kind: 'datatype' }] });
  expect(await screen.findByRole('tree')).toBeTruthy();
  expect(screen.getByRole('treeitem').textContent).toContain('entry');
});
