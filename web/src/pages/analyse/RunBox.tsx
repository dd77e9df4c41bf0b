import { Button, Checkbox, NumberInput, Select, SimpleGrid, Text } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { proposalsQuery } from '@/api/queries';
import type { OfferOut } from '@/api/types';
import { ActionFailure } from '@/components/states';

import classes from './analyse.module.css';

/** What the person asks of the computer; null leaves it to the recipe. */
export interface Computer {
  cores: number | null;
  time_limit_s: number | null;
  engine: string | null;
  /** False: on no GPU, even where the recipe would get one. */
  gpu: boolean;
}

interface RunBoxProps {
  offer: OfferOut;
  jobs: number;
  proposal: string | null;
  onProposal: (name: string | null) => void;
  computer: Computer;
  onComputer: (computer: Computer) => void;
  run: () => void;
  busy: boolean;
  error: Error | null;
  wrong: boolean;
}

/** Where it will run and where the result goes, then the one button. */
export function RunBox({ offer, jobs, proposal, onProposal, computer, onComputer, run, busy, error, wrong }: RunBoxProps) {
  const engine = offer.engines.find(({ name }) => name === computer.engine);
  const gpus = (engine ?? offer.engines.find(({ name }) => name === offer.engine))?.gpus ?? 0;
  const writable = (useQuery(proposalsQuery(true)).data ?? []).filter(({ may_write: may }) => may);
  return (
    <div className={classes.run}>
      <Select
        label="The result goes to"
        size="xs"
        clearable
        placeholder="The inputs' proposal, else your own space"
        data={writable.map(({ name, title, type }) => ({ value: name, label: type === 'personal' ? 'My own space' : `${name}: ${title}` }))}
        value={proposal}
        onChange={onProposal}
      />
      {offer.engines.length > 1 && (
        <Select
          label="Where to run"
          size="xs"
          clearable
          placeholder="The platform chooses"
          data={offer.engines.map(({ name, title, barred }) => ({ value: name, label: title, disabled: barred !== null }))}
          value={computer.engine}
          onChange={(name) => onComputer({ ...computer, engine: name })}
        />
      )}
      <Text size="xs" c="dimmed">
        {engine?.where ?? offer.runs_where}
        {!engine && offer.engines.length > 1 && offer.engine_reason && ` ${offer.engine_reason}`}
      </Text>
      {offer.engines.map(({ name, title, barred }) => barred && (
        <Text key={name} size="xs" c="dimmed">{`${title}: ${barred}`}</Text>
      ))}
      {gpus > 0 && (
        <Checkbox
          label={gpus > 1 ? `On ${String(gpus)} GPUs` : 'On a GPU'}
          size="xs"
          checked={computer.gpu}
          onChange={(event) => onComputer({ ...computer, gpu: event.currentTarget.checked })}
        />
      )}
      <details>
        <summary className={classes.more}>Cores and time limit</summary>
        <SimpleGrid cols={2} spacing="xs">
          <NumberInput
            label="Cores"
            size="xs"
            min={1}
            allowDecimal={false}
            placeholder="the recipe's"
            value={computer.cores ?? ''}
            onChange={(cores) => onComputer({ ...computer, cores: numberOr(cores) })}
          />
          <NumberInput
            label="Time limit, minutes"
            size="xs"
            min={1}
            placeholder="the recipe's"
            value={computer.time_limit_s === null ? '' : computer.time_limit_s / 60}
            onChange={(minutes) => onComputer({ ...computer, time_limit_s: seconds(numberOr(minutes)) })}
          />
        </SimpleGrid>
      </details>
      <ActionFailure error={error} />
      {wrong && (
        <Text size="sm" c="red" role="alert">
          Something is missing or out of range: see the marked places.
        </Text>
      )}
      <Button onClick={run} loading={busy} leftSection={<IconPlayerPlay size={16} />} fullWidth>
        {jobs > 1 ? `Run ${String(jobs)} jobs` : 'Run'}
      </Button>
    </div>
  );
}

function numberOr(value: number | string): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}

function seconds(minutes: number | null): number | null {
  return minutes === null ? null : Math.max(1, Math.round(minutes * 60));
}
