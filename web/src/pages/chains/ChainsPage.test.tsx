import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router';
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';

import { ChainsPage } from './ChainsPage';
import { chainRunsQuery, chainsQuery, type ChainOut } from './queries';

function chain(number: number): ChainOut {
  const step = { name: 'one', title: '', recipe: 'saxs-integrate', version: null, inputs: { sample: ['sample'] }, parameters: {}, ask: [], level: 1 };
  return {
    id: `chn-${String(number)}`,
    title: `Chain ${String(number)}`,
    summary: '',
    inputs: [{ name: 'sample', title: 'Sample', optional: false }],
    steps: [step],
    attached: [],
    sharing: 'private',
    may_change: true,
  } as unknown as ChainOut;
}

async function open(count: number) {
  const client = new QueryClient({ defaultOptions: { queries: { enabled: false } } });
  client.setQueryData(
    chainsQuery.queryKey,
    Array.from({ length: count }, (_, index) => chain(index + 1)),
  );
  client.setQueryData(chainRunsQuery.queryKey, { total: 0, runs: [] });
  const router = createRouter({ routeTree: createRootRoute({ component: ChainsPage }), history: createMemoryHistory({ initialEntries: ['/'] }) });
  render(
    <MantineProvider>
      <QueryClientProvider client={client}>
        <RouterProvider router={router as never} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  await screen.findByText('Chain 1');
}

// By their text: to find roles among so many elements takes seconds here.
const shown = () => screen.getAllByText(/^Chain \d+$/).length;

it('shows twenty chains, and more when they are asked for', async () => {
  vi.stubGlobal('scrollTo', () => undefined);
  await open(23);
  expect(shown()).toBe(20);
  fireEvent.click(screen.getByText('Show more of 23 chains'));
  expect(shown()).toBe(23);
  expect(screen.queryByText(/^Show more/)).toBeNull();
}, 20_000);
