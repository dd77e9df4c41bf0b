import { ActionIcon, Button, Group, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';

import { useChange, type HelpThread } from '@/components/help/queries';
import { Link } from '@/components/links';
import { PersonSelect } from '@/components/PersonSelect';
import { ActionFailure } from '@/components/states';
import { Facts } from '@/components/text';
import { AskToJoin } from '@/pages/sessions/AskToJoin';

import classes from './support.module.css';

/** What was sent with the request, and who reads it. */
export function Sent({ request }: { request: HelpThread }) {
  return (
    <aside aria-label="What was sent">
      <Text fw={600} mb={4}>
        What was sent
      </Text>
      <Facts facts={[...aboutOf(request), ...request.facts]} />
      {request.log && (
        <details>
          <summary>The end of the log</summary>
          <pre className={classes.log}>{request.log}</pre>
        </details>
      )}
      {request.session?.may_ask_to_join && <Join person={request.person} session={request.session.id} />}
      <People request={request} />
    </aside>
  );
}

function aboutOf(request: HelpThread) {
  return [
    ...request.datasets.map(({ pid, title }) => ({
      name: 'Dataset',
      value: (
        <Link key={pid} to="/datasets/$pid" params={{ pid }} inherit>
          {title}
        </Link>
      ),
    })),
    ...(request.hidden > 0 ? [{ name: 'Hidden', value: request.hidden === 1 ? 'a dataset that you may not see' : `${String(request.hidden)} datasets that you may not see` }] : []),
    ...(request.job
      ? [
          {
            name: 'Job',
            value: (
              <Link to="/jobs/$id" params={{ id: request.job }} inherit>
                Open the job
              </Link>
            ),
          },
        ]
      : []),
    ...(request.session
      ? [
          {
            name: 'Session',
            value: (
              <Link to="/sessions/$id" params={{ id: request.session.id }} inherit>
                {request.session.title}
              </Link>
            ),
          },
        ]
      : []),
    { name: 'Instrument', value: request.instrument ?? 'none: the operators help' },
    { name: 'Looked after by', value: request.assigned ?? 'nobody yet' },
  ];
}

/** Staff ask the session's person to let them watch, as on the session's page. */
function Join({ person, session }: { person: string; session: string }) {
  const [asks, setAsks] = useState(false);
  return (
    <section aria-label="Ask to join" style={{ marginTop: 16 }}>
      <Text fw={600} mb={4}>
        The session still runs
      </Text>
      {asks ? (
        <AskToJoin
          session={{ id: session, person }}
          then={
            <Link to="/sessions/$id" params={{ id: session }} inherit>
              The session's page opens it when you are let in.
            </Link>
          }
        />
      ) : (
        <Button size="compact-sm" variant="default" onClick={() => setAsks(true)}>
          Ask to join
        </Button>
      )}
    </section>
  );
}

function People({ request }: { request: HelpThread }) {
  const change = useChange(request.id);
  if (!request.is_mine && request.people.length === 0) return null;
  return (
    <section aria-label="Others who read it" style={{ marginTop: 16 }}>
      <Text fw={600} mb={4}>
        Others who read it
      </Text>
      {request.people.map((one) => (
        <Group key={one.user} gap={6} mb={4}>
          <Text size="sm">{one.name}</Text>
          {request.is_mine && (
            <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Take ${one.name} out`} onClick={() => change.mutate({ do: 'unname', user: one.user })}>
              <IconX size={14} />
            </ActionIcon>
          )}
        </Group>
      ))}
      {request.is_mine && (
        <PersonSelect aria-label="Let somebody else read it" size="xs" onPick={(user) => change.mutate({ do: 'name', user })} />
      )}
      <ActionFailure error={change.error} />
    </section>
  );
}
