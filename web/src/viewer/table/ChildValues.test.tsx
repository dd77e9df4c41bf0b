import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';

import type { NodeOut } from '../data/types';
import { ChildValues } from './ChildValues';

beforeAll(() => {
  window.matchMedia = () => ({ matches: false, addEventListener: () => undefined, removeEventListener: () => undefined }) as unknown as MediaQueryList;
});
afterEach(() => vi.unstubAllGlobals());

const PLAIN: Omit<NodeOut, 'name' | 'path'> = { kind: 'dataset', enum: {}, filters: [], grid: [], is_default: false, child_count: 0 };

function child(name: string, more: Partial<NodeOut>): NodeOut {
  return { ...PLAIN, name, path: `/entry/status/${name}`, shape: [], dtype: '<f8', ...more };
}

it('says single values with their units and the names of enumerations, and leaves arrays to the tree', async () => {
  const answers: Record<string, unknown> = { temperature: [295.3], state: 7, operator: 'alice' };
  vi.stubGlobal('fetch', (url: string) => {
    const name = new URL(url, 'http://here').searchParams.get('path')?.split('/').at(-1) ?? '';
    return Promise.resolve(new Response(JSON.stringify(answers[name])));
  });
  const children = [
    child('temperature', { shape: [1], unit: 'K' }),
    child('state', { dtype: '<i4', enum: { IDLE: 0, FAULT: 7 } }),
    child('operator', { dtype: '|O' }),
    child('trace', { shape: [100] }),
  ];
  render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <ChildValues owner={{ pid: 'ds-1', version: 1 }} node={{ ...PLAIN, kind: 'group', name: 'status', path: '/entry/status', children }} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  expect(await screen.findByText('295.3 K')).toBeVisible();
  expect(await screen.findByText('FAULT')).toBeVisible();
  expect(await screen.findByText('alice')).toBeVisible();
  expect(screen.queryByText('trace')).toBeNull();
});
