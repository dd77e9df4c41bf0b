import { Button, Group, Switch, Table, Text, Title } from '@mantine/core';
import { IconDeviceDesktop, IconMoon, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import type { WorkSessionOut } from '@/api/types';
import { isStaff, useSession } from '@/app/session';
import { Link } from '@/components/links';
import { Page } from '@/components/Page';
import { Empty, Loaded, SkeletonRows } from '@/components/states';
import { useNow, When } from '@/components/text';

import { useVerb } from './actions';
import { remaining, SessionMark } from './marks';
import { OpenIn } from './OpenIn';
import { sessionsQuery } from './queries';
import { RunningCards } from './RunningCard';
import { TimeRequests } from './TimeRequests';

const route = getRouteApi('/sessions');

export function SessionsPage() {
  const { all } = route.useSearch();
  const navigate = route.useNavigate();
  const session = useSession();
  const operator = session?.person?.role === 'operator';
  const query = useQuery(sessionsQuery(!all));
  return (
    <Page title="Sessions" description="Notebooks and desktops that run, sleep or have ended." actions={<OpenIn datasets={[]} label="Start without data" />}>
      {operator && (
        <Group mb="md">
        <Switch
          size="xs"
          label="Everybody's"
          checked={all === true}
          onChange={(event) => {
            const { checked } = event.currentTarget;
            void navigate({ search: { all: checked || undefined } });
          }}
        />
        <Link to="/operator/sessions" size="xs">
          Operate: say something, stop, drain
        </Link>
        </Group>
      )}
      {isStaff(session) && <TimeRequests />}
      <Loaded query={query} skeleton={<SkeletonRows rows={5} height={48} />}>
        {(sessions) =>
          sessions.length === 0 ? (
            <Empty icon={IconDeviceDesktop} title="No sessions yet">
              Open a dataset and press “Open in …”.
            </Empty>
          ) : (
            <Lists sessions={sessions} all={all === true} />
          )
        }
      </Loaded>
    </Page>
  );
}

const RUNNING: readonly WorkSessionOut['state'][] = ['requested', 'starting', 'ready'];

function Lists({ sessions, all }: { sessions: WorkSessionOut[]; all: boolean }) {
  const running = all ? [] : sessions.filter(({ is_owner, state }) => is_owner && RUNNING.includes(state));
  const own = all ? sessions : sessions.filter(({ is_owner, state }) => is_owner && !RUNNING.includes(state));
  const shared = all ? [] : sessions.filter(({ is_owner, may }) => !is_owner && may !== null);
  return (
    <>
      {running.length > 0 && <RunningCards sessions={running} />}
      {own.length > 0 && <SessionTable sessions={own} people={all} />}
      {shared.length > 0 && (
        <section aria-label="Shared with me">
          <Title order={2} size="h4" mt="xl" mb="xs">
            Shared with me
          </Title>
          <SessionTable sessions={shared} people />
        </section>
      )}
    </>
  );
}

function SessionTable({ sessions, people }: { sessions: WorkSessionOut[]; people: boolean }) {
  const now = useNow(sessions.some(({ state }) => state === 'ready'));
  return (
    <Table.ScrollContainer minWidth={620} type="native">
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Session</Table.Th>
            <Table.Th>State</Table.Th>
            {people && <Table.Th>Person</Table.Th>}
            <Table.Th>Started</Table.Th>
            <Table.Th>Uses</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sessions.map((session) => (
            <Table.Tr key={session.id}>
              <Table.Td>
                <Link to="/sessions/$id" params={{ id: session.id }} fw={500}>
                  {session.title}
                </Link>
                {session.provider && (
                  <Text size="xs" c="dimmed">
                    At {session.provider}
                  </Text>
                )}
                {session.reason && (
                  <Text size="xs" c="dimmed" lineClamp={1}>
                    {session.reason}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <SessionMark session={session} />
                <Text size="xs" c="dimmed">
                  {remaining(session, now)}
                </Text>
              </Table.Td>
              {people && <Table.Td>{session.person}</Table.Td>}
              <Table.Td>
                <When at={session.created} />
              </Table.Td>
              <Table.Td>
                <Text size="xs">{uses(session)}</Text>
              </Table.Td>
              <Table.Td>
                <Row session={session} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Row({ session }: { session: WorkSessionOut }) {
  const verb = useVerb(session.id);
  if (!session.may_manage || session.ending) return null;
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      {session.state === 'ready' && (
        <Button size="compact-xs" variant="default" leftSection={<IconMoon size={13} />} loading={verb.isPending} onClick={() => verb.mutate('hibernate')}>
          Hibernate
        </Button>
      )}
      {session.is_owner && ['hibernated', 'failed', 'lost'].includes(session.state) && (
        <Button size="compact-xs" variant="default" leftSection={<IconPlayerPlay size={13} />} loading={verb.isPending} onClick={() => verb.mutate('resume')}>
          Resume
        </Button>
      )}
      {['requested', 'starting', 'ready', 'hibernated'].includes(session.state) && (
        <Button size="compact-xs" variant="default" color="red" leftSection={<IconPlayerStop size={13} />} onClick={() => verb.mutate('end')}>
          End
        </Button>
      )}
    </Group>
  );
}

function uses(session: WorkSessionOut): string {
  if (session.memory_used_mb === null) return '–';
  return `${session.memory_used_mb.toFixed(0)} of ${String(session.memory_mb)} MB, ${session.cpu_s.toFixed(0)} s of processor`;
}
