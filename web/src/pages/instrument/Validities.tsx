import { Badge, Button, Group, Modal, SegmentedControl, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCheck, IconPlus } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { DatasetCard, InstrumentPageOut, ValidityOut } from '@/api/types';
import { Link } from '@/components/links';
import { Section } from '@/components/Page';
import { ActionFailure } from '@/components/states';
import { When } from '@/components/text';
import { PickDataset } from '@/pages/analyse/PickDataset';

/** Which calibration and which mask holds from when to when; recipes take the one that held at the measurement. */
export function Validities({ instrument }: { instrument: InstrumentPageOut }) {
  const [adding, add] = useDisclosure(false);
  return (
    <Section
      title="Calibrations and masks"
      aside={
        <Button variant="default" size="xs" leftSection={<IconPlus size={14} />} onClick={add.open}>
          Set
        </Button>
      }
    >
      {instrument.calibrations.length === 0 ? (
        <Text size="sm" c="dimmed">
          None set. A calibration or mask set here is proposed to every analysis of data measured while it holds.
        </Text>
      ) : (
        <ValidityTable rows={instrument.calibrations} />
      )}
      <Modal opened={adding} onClose={add.close} title="Set a calibration or mask">
        <SetValidity name={instrument.name} onClose={add.close} />
      </Modal>
    </Section>
  );
}

function ValidityTable({ rows }: { rows: ValidityOut[] }) {
  return (
    <Table.ScrollContainer minWidth={520} type="native">
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>What</Table.Th>
            <Table.Th>Dataset</Table.Th>
            <Table.Th>From</Table.Th>
            <Table.Th>To</Table.Th>
            <Table.Th>Now</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ dataset, purpose, start, end, valid_now: valid }) => (
            <Table.Tr key={`${dataset.pid}${purpose}${start}`}>
              <Table.Td>{purpose === 'mask' ? 'Mask' : 'Calibration'}</Table.Td>
              <Table.Td>
                <Link to="/datasets/$pid" params={{ pid: dataset.pid }} inherit>
                  {dataset.title}
                </Link>
              </Table.Td>
              <Table.Td>
                <When at={start} exact />
              </Table.Td>
              <Table.Td>{end ? <When at={end} exact /> : 'further notice'}</Table.Td>
              <Table.Td>
                {valid && (
                  <Badge color="green" size="sm" miw="max-content" leftSection={<IconCheck size={12} aria-hidden />}>
                    Holds
                  </Badge>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function SetValidity({ name, onClose }: { name: string; onClose: () => void }) {
  const queries = useQueryClient();
  const [purpose, setPurpose] = useState<ValidityOut['purpose']>('calibration');
  const [card, setCard] = useState<DatasetCard | null>(null);
  const [start, setStart] = useState('');
  const [end, setEnd] = useState('');
  const [picking, pick] = useDisclosure(false);
  const save = useMutation({
    mutationFn: (dataset: string) =>
      body(
        api.PUT('/api/v1/instruments/{name}/validities', {
          params: { path: { name } },
          body: { dataset, purpose, start: new Date(start).toISOString(), end: end ? new Date(end).toISOString() : null },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['instruments'] });
      onClose();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (card) save.mutate(card.pid);
      }}
    >
      <Stack>
        <SegmentedControl aria-label="What" value={purpose} onChange={(value) => setPurpose(value === 'mask' ? 'mask' : 'calibration')} data={[{ value: 'calibration', label: 'Calibration' }, { value: 'mask', label: 'Mask' }]} />
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" c={card ? undefined : 'dimmed'} truncate>
            {card?.title ?? 'No dataset chosen'}
          </Text>
          <Button variant="default" size="xs" onClick={pick.open}>
            Choose a dataset
          </Button>
        </Group>
        <Group grow>
          <TextInput type="datetime-local" label="Holds from" required value={start} onChange={(event) => setStart(event.currentTarget.value)} />
          <TextInput type="datetime-local" label="To" description="" value={end} onChange={(event) => setEnd(event.currentTarget.value)} />
        </Group>
        <ActionFailure error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending} disabled={!card || !start}>
            Set
          </Button>
        </Group>
      </Stack>
      <PickDataset
        opened={picking}
        onClose={pick.close}
        title={purpose}
        accepts=""
        suggestions={[]}
        onPick={(chosen) => {
          setCard(chosen);
          pick.close();
        }}
      />
    </form>
  );
}
