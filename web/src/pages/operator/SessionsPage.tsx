import { Button, Group, Paper, Progress, SimpleGrid, Table, Text } from '@mantine/core';
import { IconDeviceDesktop, IconMessage, IconPlayerPause, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import type { SessionNodeOut, WorkSessionOut } from '@/api/types';
import { Link } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { ActionFailure, Empty, Loaded, SkeletonRows } from '@/components/states';
import { useNow, When } from '@/components/text';
import { duration, plural } from '@/format';
import { Glance } from '@/pages/sessions/Glance';
import { remaining, SessionMark } from '@/pages/sessions/marks';
import { nodesQuery, runningQuery } from '@/pages/sessions/queries';
import { TimeRequests } from '@/pages/sessions/TimeRequests';

import classes from './operator.module.css';
import { OrderDialog, type Dialog } from './OrderDialog';
import { useUndo } from './orders';

/** Everybody's sessions that run, and the computers they run on: say something, stop one, drain a computer. */
export function SessionsPage() {
  const nodes = useQuery(nodesQuery);
  const running = useQuery(runningQuery);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  return (
    <Page title="Running sessions" width="list" crumbs={[{ label: 'Operation', to: '/operator' }, { label: 'Running sessions' }]} description="What is stopped here hibernates: nothing is deleted, and its person resumes it. Everything is in the audit.">
      <TimeRequests />
      <Section title="Computers">
        <Loaded query={nodes} skeleton={<SkeletonRows rows={2} />}>
          {(found) => (
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              {found.map((node) => (
                <NodeCard key={node.name} node={node} open={setDialog} />
              ))}
            </SimpleGrid>
          )}
        </Loaded>
      </Section>
      <Section title="Sessions">
        <Loaded query={running} skeleton={<SkeletonRows rows={5} height={48} />}>
          {(found) =>
            found.length === 0 ? (
              <Empty icon={IconDeviceDesktop} title="Nothing runs">
                Sessions stand here while they start and run.
              </Empty>
            ) : (
              <Sessions sessions={found} open={setDialog} />
            )
          }
        </Loaded>
      </Section>
      {dialog && <OrderDialog dialog={dialog} onClose={() => setDialog(null)} />}
    </Page>
  );
}

function NodeCard({ node, open }: { node: SessionNodeOut; open: (dialog: Dialog) => void }) {
  const { undrain } = useUndo();
  return (
    <Paper withBorder p="sm" component="section" aria-label={node.name}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Text fw={500}>{node.name}</Text>
          <Text size="xs" c="dimmed">
            {plural(node.running, 'session')}
            {node.load !== null && node.cores !== null && `, load ${node.load.toFixed(1)} on ${plural(node.cores, 'core')}`}
          </Text>
        </div>
        <Group gap="xs" wrap="nowrap">
          <Button size="compact-xs" variant="default" leftSection={<IconMessage size={13} />} disabled={node.running === 0} onClick={() => open({ kind: 'say', node: node.name, name: `all sessions on ${node.name}` })}>
            Message …
          </Button>
          {node.drain ? (
            <Button size="compact-xs" leftSection={<IconPlayerPlay size={13} />} loading={undrain.isPending} onClick={() => undrain.mutate(node.name)}>
              Undo drain
            </Button>
          ) : (
            <Button size="compact-xs" variant="default" color="orange" leftSection={<IconPlayerPause size={13} />} onClick={() => open({ kind: 'drain', node: node.name, name: node.name, running: node.running })}>
              Drain …
            </Button>
          )}
        </Group>
      </Group>
      {node.memory_mb !== null && (
        <>
          <Progress mt={8} size="sm" value={Math.min(100, (100 * node.used_mb) / node.memory_mb)} aria-label="Memory of sessions" />
          <Text size="xs" c="dimmed">
            Sessions use {node.used_mb.toFixed(0)} MB of {node.promised_mb} MB promised; {node.memory_free_mb} of {node.memory_mb} MB of the computer are free
          </Text>
        </>
      )}
      {node.drain && (
        <Text size="sm" mt={6} className={classes.drained} role="status">
          Drained by {node.drain.person || 'an operator'}: nothing starts here, what runs hibernates <When at={node.drain.until} />. {node.drain.reason}
        </Text>
      )}
      <ActionFailure error={undrain.error} />
    </Paper>
  );
}

function Sessions({ sessions, open }: { sessions: WorkSessionOut[]; open: (dialog: Dialog) => void }) {
  const now = useNow(true);
  return (
    <Table.ScrollContainer minWidth={860} type="native">
      <Table highlightOnHover fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th aria-label="What it shows" />
            <Table.Th>Session</Table.Th>
            <Table.Th>Person</Table.Th>
            <Table.Th>Where</Table.Th>
            <Table.Th>Memory</Table.Th>
            <Table.Th>Idle for</Table.Th>
            <Table.Th>Left</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sessions.map((session) => (
            <Row key={session.id} session={session} now={now} open={open} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Row({ session, now, open }: { session: WorkSessionOut; now: number; open: (dialog: Dialog) => void }) {
  const { goOn } = useUndo();
  const idle = session.last_active ? Math.max(0, (now - Date.parse(session.last_active)) / 1000) : null;
  const name = `${session.title} of ${session.person}`;
  return (
    <Table.Tr>
      <Table.Td>
        <Glance session={session} small />
      </Table.Td>
      <Table.Td>
        <Link to="/sessions/$id" params={{ id: session.id }} fw={500} lineClamp={2}>
          {session.title}
        </Link>
        <SessionMark session={session} />
      </Table.Td>
      <Table.Td>
        {session.person}
        <Text size="xs" c="dimmed">
          {session.user}
        </Text>
      </Table.Td>
      <Table.Td>
        {session.provider ?? session.node ?? '–'}
        <Text size="xs" c="dimmed">
          {session.provider ? 'elsewhere' : `${session.engine}, ${plural(session.cores, 'core')}`}
        </Text>
      </Table.Td>
      <Table.Td miw={110}>
        <Memory session={session} name={name} />
      </Table.Td>
      <Table.Td>{idle === null ? '–' : idle < 60 ? 'active' : duration(idle, 1)}</Table.Td>
      <Table.Td>
        {session.stop_at ? (
          <Text size="sm" className={classes.drained}>
            hibernates <When at={session.stop_at} />
          </Text>
        ) : (
          remaining(session, now)
        )}
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <Button size="compact-xs" variant="default" leftSection={<IconMessage size={13} />} aria-label={`Message to ${name}`} onClick={() => open({ kind: 'say', session: session.id, name })}>
            Message …
          </Button>
          {session.stop_ordered ? (
            <Button size="compact-xs" leftSection={<IconPlayerPlay size={13} />} loading={goOn.isPending} onClick={() => goOn.mutate(session.id)}>
              Let it go on
            </Button>
          ) : (
            <Button size="compact-xs" variant="default" color="red" leftSection={<IconPlayerStop size={13} />} aria-label={`Stop ${name}`} onClick={() => open({ kind: 'stop', session: session.id, name })}>
              Stop …
            </Button>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

/** What runs elsewhere promised nothing here, and its provider may not tell what it uses. */
function Memory({ session: { provider, memory_used_mb: used, memory_mb: promised }, name }: { session: WorkSessionOut; name: string }) {
  if (provider) return <Text size="xs">{used === null ? 'not told' : `${used.toFixed(0)} MB`}</Text>;
  return (
    <>
      <Progress size="xs" value={Math.min(100, (100 * (used ?? 0)) / promised)} aria-label={`Memory of ${name}`} />
      <Text size="xs">
        {(used ?? 0).toFixed(0)} of {promised} MB
      </Text>
    </>
  );
}
