import { Button, Select, Text } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { proposalsQuery } from '@/api/queries';
import type { OfferOut } from '@/api/types';
import { ActionFailure } from '@/components/states';

import classes from './analyse.module.css';

interface RunBoxProps {
  offer: OfferOut;
  jobs: number;
  proposal: string | null;
  onProposal: (name: string | null) => void;
  run: () => void;
  busy: boolean;
  error: Error | null;
  wrong: boolean;
}

/** Where it will run and where the result goes, then the one button. */
export function RunBox({ offer, jobs, proposal, onProposal, run, busy, error, wrong }: RunBoxProps) {
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
      <Text size="xs" c="dimmed">
        {offer.runs_where}
      </Text>
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
