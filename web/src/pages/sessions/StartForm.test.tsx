import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import type { ProgramsOut } from '@/api/types';

const start = vi.hoisted(() => vi.fn());
vi.mock('./actions', () => ({ useStart: () => ({ mutate: start, isPending: false, error: null }) }));

const { StartForm } = await import('./StartForm');

const OFFER = {
  programs: [
    { id: 'none', title: 'Nowhere', problem: 'It is not installed.', cores: 1, memory_mb: 512, lifetime_hours: 12, longest_hours: 168 },
    { id: 'silx-view', title: 'silx view', problem: null, ready: true, cores: 1, memory_mb: 2048, lifetime_hours: 12, longest_hours: 168 },
  ],
  capacity: { words: 'Starts now.', engines: ['local', 'slurm'], largest: { local: { cores: 2, memory_mb: 8192, gpus: 0 }, slurm: { cores: 8, memory_mb: 65536, gpus: 2 } }, next_end: null, gpu_free: true },
} as unknown as ProgramsOut;

function shown(offer = OFFER) {
  return render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <StartForm datasets={['d-1']} offer={offer} />
      </QueryClientProvider>
    </MantineProvider>,
  );
}

it('asks for what was chosen, and leaves to the program what was not', async () => {
  const user = userEvent.setup();
  shown();
  await user.clear(screen.getByLabelText('Runs for'));
  await user.type(screen.getByLabelText('Runs for'), '3');
  await user.clear(screen.getByLabelText('Memory'));
  await user.type(screen.getByLabelText('Memory'), '4');
  await user.click(screen.getByText('Cluster (Slurm)'));
  expect(screen.getByText(/Starts when the cluster has room/u)).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Start silx view' }));
  expect(start).toHaveBeenCalledWith({ program: 'silx-view', datasets: ['d-1'], engine: 'slurm', hours: 3, soon: true, memory_mb: 4096 });
});

it('says why nothing starts now and when a place is free, before anything is pressed', () => {
  shown({ ...OFFER, capacity: { ...OFFER.capacity, words: 'All places are taken.', next_end: '2026-11-27T18:00:00Z' } });
  expect(screen.getByText(/All places are taken\. One ends .* at the latest\./u)).toBeVisible();
  expect(screen.getByRole('button', { name: 'Start silx view' })).toBeDisabled();
});

it('offers a GPU where sessions get one, and says when another session has it', async () => {
  const user = userEvent.setup();
  const { unmount } = shown();
  expect(screen.queryByRole('checkbox')).toBeNull();
  await user.click(screen.getByText('Cluster (Slurm)'));
  await user.click(screen.getByLabelText('With 2 GPUs'));
  await user.click(screen.getByRole('button', { name: 'Start silx view' }));
  expect(start).toHaveBeenLastCalledWith({ program: 'silx-view', datasets: ['d-1'], engine: 'slurm', hours: 12, soon: true, gpu: true });
  unmount();
  shown({ ...OFFER, capacity: { ...OFFER.capacity, gpu_free: false, largest: { local: { cores: 2, memory_mb: 8192, gpus: 1 } } } });
  expect(screen.getByLabelText('With a GPU')).toBeDisabled();
  expect(screen.getByText('Another session has it now.')).toBeVisible();
});
