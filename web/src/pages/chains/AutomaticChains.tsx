import { Button, Group, Switch, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { Link } from '@/components/links';
import { Section } from '@/components/Page';
import { ActionFailure, Loaded } from '@/components/states';

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
  const again = useMutation({ mutationFn: () => body(api.POST('/api/v1/chain-attachments/{attachment_id}/again', { params, body: { datasets: [] } })), onSuccess: done });
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
          <Button size="xs" variant="default" loading={again.isPending} onClick={() => again.mutate()}>
            Run all again
          </Button>
        </Group>
      </Group>
      <ActionFailure error={turn.error ?? backlog.error ?? again.error} />
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
                    <Table.Td>{run.reason}</Table.Td>
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
