import { ActionIcon, Badge, Button, Group, Progress, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconPlayerPlay, IconPlayerStop, IconX } from '@tabler/icons-react';

import { ApiError } from '@/api/errors';
import { Link } from '@/components/links';
import { bytes, percent } from '@/format';
import { isBusy, resume, stop, type Stage, type Transfer } from '@/upload/store';

import classes from './upload.module.css';

const WORDS: Record<Stage, string> = {
  waiting: 'Waiting',
  checking: 'Computing the checksum',
  sending: 'Uploading',
  registering: 'Comparing the checksum and registering',
  done: 'Done',
  failed: 'Failed',
  stopped: 'Stopped',
};

export function TransferRow({ transfer }: { transfer: Transfer }) {
  const { file, stage, offset, key } = transfer;
  const fraction = file.size === 0 ? 1 : offset / file.size;
  return (
    <li className={classes.row}>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
          {file.name}
        </Text>
        <Group gap={6} wrap="nowrap">
          <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>
            {stage === 'sending' ? `${bytes(offset)} of ${bytes(file.size)}` : bytes(file.size)}
          </Text>
          {isBusy(stage) && stage !== 'registering' && (
            <Tooltip label="Stop; can be resumed">
              <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Stop ${file.name}`} onClick={() => stop(key)}>
                <IconPlayerStop size={14} />
              </ActionIcon>
            </Tooltip>
          )}
          {(stage === 'stopped' || (stage === 'failed' && transfer.error)) && (
            <Button variant="default" size="compact-xs" leftSection={<IconPlayerPlay size={12} />} onClick={() => resume(key)}>
              Resume
            </Button>
          )}
        </Group>
      </Group>
      {isBusy(stage) && <Progress value={stage === 'registering' ? 100 : fraction * 100} animated={stage !== 'sending'} striped={stage !== 'sending'} size={4} my={6} aria-label={`Upload of ${file.name}`} />}
      <Text size="xs" c="dimmed" component="div">
        {stage === 'sending' ? `${WORDS.sending}, ${percent(fraction)}` : <Outcome transfer={transfer} />}
      </Text>
    </li>
  );
}

function Outcome({ transfer: { stage, error, answer } }: { transfer: Transfer }) {
  if (stage === 'failed') {
    return (
      <Text size="sm" c="red" role="alert">
        <IconX size={14} style={{ verticalAlign: -2 }} aria-hidden /> {error?.message ?? answer?.detail ?? 'The upload failed.'}{' '}
        {error instanceof ApiError && error.remedy}
      </Text>
    );
  }
  if (stage !== 'done') return <>{WORDS[stage]}</>;
  const datasets = answer?.datasets ?? [];
  const quarantined = (answer?.quarantine ?? []).length > 0;
  return (
    <Group gap={8}>
      <Badge color={quarantined ? 'orange' : 'green'} size="sm" leftSection={quarantined ? <IconX size={12} aria-hidden /> : <IconCheck size={12} aria-hidden />}>
        {quarantined ? 'Could not be read' : datasets.length > 0 ? 'Registered' : 'Received'}
      </Badge>
      {datasets.map((pid, index) => (
        <Link key={pid} to="/datasets/$pid" params={{ pid }} inherit>
          {datasets.length > 1 ? `Open dataset ${String(index + 1)}` : 'Open the dataset'}
        </Link>
      ))}
      {quarantined && (
        <Link to="/quarantine" inherit>
          See why in the quarantine
        </Link>
      )}
      {!quarantined && datasets.length === 0 && <span>{answer?.detail ?? 'It waits for the other files that belong to it.'}</span>}
    </Group>
  );
}
