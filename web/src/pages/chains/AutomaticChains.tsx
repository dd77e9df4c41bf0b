import { Button, Group, Switch, Table, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { Link } from '@/components/links';
import { Section } from '@/components/Page';
import { ActionFailure, Loaded } from '@/components/states';
import { plural } from '@/format';

import { Attach } from './Attach';
import { StateMark } from './marks';
import { ruleInWords } from './PredicateForm';
import { attachmentsQuery, automaticQuery, type AttachmentOut } from './queries';

/** What runs by itself on new data of an instrument: on or off, what ran, what failed and why, once more. */
export function AutomaticChains({ instrument }: { instrument: string }) {
  const query = useQuery(attachmentsQuery(instrument));
  return (
    <Section title="Runs by itself">
      <Loaded query={query}>
        {(rows) => (
          <>
            {rows.map((row) => (
              <Attachment key={row.id} row={row} />
            ))}
            <Attach instrument={instrument} />
          </>
        )}
      </Loaded>
    </Section>
  );
}

function Attachment({ row }: { row: AttachmentOut }) {
  const queries = useQueryClient();
  const runs = useQuery(automaticQuery(row.id));
  const params = { path: { attachment_id: row.id } };
  const done = () => Promise.all([queries.invalidateQueries({ queryKey: ['instruments', row.instrument] }), queries.invalidateQueries({ queryKey: ['chain-runs'] })]);
  const { number, predicate, parameters, at_once, per_day, core_hours_per_day } = row;
  const turn = useMutation({
    mutationFn: (enabled: boolean) =>
      body(api.PUT('/api/v1/chain-attachments/{attachment_id}', { params, body: { number, predicate, parameters, at_once, per_day, core_hours_per_day, enabled } })),
    onSuccess: done,
  });
  const backlog = useMutation({ mutationFn: () => body(api.POST('/api/v1/chain-attachments/{attachment_id}/backlog', { params, body: { last: 50 } })), onSuccess: done });
  const [correcting, correct] = useDisclosure(false);
  return (
    <>
      <Group justify="space-between" mt="sm">
        <Group gap="sm">
          <Switch label={`${row.chain_title}, version ${String(row.number)}`} checked={row.enabled} onChange={(event) => turn.mutate(event.currentTarget.checked)} />
          <Text size="xs" c="dimmed">
            On {ruleInWords(row.predicate)}. {String(row.waiting)} waiting, {String(row.used_today)} runs and {row.core_hours_today.toFixed(2)} core hours in 24 hours
          </Text>
        </Group>
        <Group gap="xs">
          <Link to="/chains/series" search={{ attachment: row.id }} size="sm">
            Trend
          </Link>
          <Button size="xs" variant="default" loading={backlog.isPending} onClick={() => backlog.mutate()}>
            Run on the last 50
          </Button>
          <Button size="xs" variant="default" aria-expanded={correcting} onClick={correct.toggle}>
            Run again …
          </Button>
        </Group>
      </Group>
      {correcting && <Again id={row.id} done={() => {
            correct.close();
            return done();
          }} />}
      <ActionFailure error={turn.error ?? backlog.error} />
      <Loaded query={runs}>
        {(page) =>
          page.runs.length === 0 ? (
            <Text size="sm" c="dimmed">
              No new measurement was accepted yet.
            </Text>
          ) : (
            <Table>
              <Table.Tbody>
                {page.runs.map((run) => (
                  <Table.Tr key={`${run.dataset}-${String(run.generation)}`}>
                    <Table.Td>{run.run ? <Link to="/chains/runs/$id" params={{ id: run.run }}>{run.title}</Link> : run.title}</Table.Td>
                    <Table.Td miw={120}>
                      <StateMark state={run.state} />
                    </Table.Td>
                    <Table.Td>{[run.generation > 0 ? `run again${run.generation > 1 ? `, ${String(run.generation)} times` : ''}` : '', run.reason].filter(Boolean).join(': ')}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )
        }
      </Loaded>
    </>
  );
}

/** Once more on what was run on, after a calibration or a parameter was corrected; by time of measuring. */
function Again({ id, done }: { id: number; done: () => Promise<unknown> }) {
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const time = (text: string) => (text === '' ? null : new Date(text).toISOString());
  const again = useMutation({
    mutationFn: () => body(api.POST('/api/v1/chain-attachments/{attachment_id}/again', { params: { path: { attachment_id: id } }, body: { datasets: [], since: time(since), until: time(until) } })),
    onSuccess: async ({ count }) => {
      notifications.show({ message: count === 0 ? 'Nothing was run on in this time.' : `${plural(count, 'run')} will start as there is room.` });
      await done();
    },
  });
  return (
    <form
      aria-label="Run again"
      onSubmit={(event) => {
        event.preventDefault();
        again.mutate();
      }}
    >
      <Text size="sm" c="dimmed" mt="xs">
        Once more on what it ran on, for example after a calibration was corrected. Each run takes the calibration that holds now; earlier results stay, and the trend shows the last ones.
      </Text>
      <Group align="end" mt={4}>
        <TextInput type="datetime-local" label="Measured since" value={since} onChange={(event) => setSince(event.currentTarget.value)} />
        <TextInput type="datetime-local" label="Until" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
        <Button type="submit" loading={again.isPending}>
          {since || until ? 'Run these again' : 'Run all again'}
        </Button>
      </Group>
      <ActionFailure error={again.error} />
    </form>
  );
}
