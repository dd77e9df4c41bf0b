import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it } from 'vitest';

import type { OfferOut } from '@/api/types';

import { RunBox, type Computer } from './RunBox';

const ENGINES = [
  { name: 'local', title: 'This computer', where: 'On this computer, starts now.', barred: null, gpus: 0 },
  { name: 'slurm', title: 'The cluster (Slurm)', where: 'On the cluster, 3 jobs wait there.', barred: null, gpus: 0 },
];

function Sample({ told, engines = ENGINES }: { told: (computer: Computer) => void; engines?: OfferOut['engines'] }) {
  const [computer, setComputer] = useState<Computer>({ cores: null, time_limit_s: 7200, engine: null, gpu: true });
  return (
    <MantineProvider>
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { enabled: false } } })}>
        <RunBox
          offer={{ runs_where: 'On this computer, starts now.', engines, engine: 'local', engine_reason: 'It starts at once.' } as OfferOut}
          jobs={1}
          proposal={null}
          onProposal={() => undefined}
          computer={computer}
          onComputer={(next) => {
            setComputer(next);
            told(next);
          }}
          run={() => undefined}
          busy={false}
          error={null}
          wrong={false}
        />
      </QueryClientProvider>
    </MantineProvider>
  );
}

it('lets a person ask for more time and cores, in minutes, or leave both to the recipe', async () => {
  const user = userEvent.setup();
  let told: Computer | undefined;
  render(<Sample told={(computer) => (told = computer)} />);
  await user.click(screen.getByText('Cores and time limit'));
  const limit = screen.getByLabelText('Time limit, minutes');
  expect(limit).toHaveValue('120');
  await user.clear(limit);
  expect(told).toEqual({ cores: null, time_limit_s: null, engine: null, gpu: true });
  await user.type(limit, '90');
  await user.type(screen.getByLabelText('Cores'), '4');
  expect(told).toEqual({ cores: 4, time_limit_s: 5400, engine: null, gpu: true });
});

it('lets a person choose the engine and says what it means', async () => {
  const user = userEvent.setup();
  let told: Computer | undefined;
  render(<Sample told={(computer) => (told = computer)} />);
  expect(screen.getByText('On this computer, starts now. It starts at once.')).toBeInTheDocument();
  await user.click(screen.getByRole('textbox', { name: 'Where to run' }));
  await user.click(await screen.findByRole('option', { name: 'The cluster (Slurm)', hidden: true }));
  expect(told?.engine).toBe('slurm');
  expect(screen.getByText('On the cluster, 3 jobs wait there.')).toBeInTheDocument();
});

it('says why an engine is not open to a person and does not offer it', async () => {
  const user = userEvent.setup();
  const barred = 'You have used 12 of 10 core hours of 30 days on the cluster (Slurm).';
  render(<Sample told={() => undefined} engines={ENGINES.map((one) => (one.name === 'slurm' ? { ...one, barred } : one))} />);
  expect(screen.getByText(`The cluster (Slurm): ${barred}`)).toBeInTheDocument();
  await user.click(screen.getByRole('textbox', { name: 'Where to run' }));
  expect(await screen.findByRole('option', { name: 'The cluster (Slurm)', hidden: true })).toHaveAttribute('data-combobox-disabled');
});

it('offers to do without a GPU where the recipe would get one, and only there', async () => {
  const user = userEvent.setup();
  let told: Computer | undefined;
  const { unmount } = render(<Sample told={() => undefined} />);
  expect(screen.queryByRole('checkbox')).toBeNull();
  unmount();
  render(<Sample told={(computer) => (told = computer)} engines={ENGINES.map((one) => (one.name === 'local' ? { ...one, gpus: 1 } : one))} />);
  const box = screen.getByLabelText('On a GPU');
  expect(box).toBeChecked();
  await user.click(box);
  expect(told?.gpu).toBe(false);
});
