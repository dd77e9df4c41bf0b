import { Button, Group, Progress, Text } from '@mantine/core';
import { IconClockPlus, IconMoon } from '@tabler/icons-react';

import type { WorkSessionOut } from '@/api/types';
import { Link } from '@/components/links';
import { useNow, When } from '@/components/text';

import { useExtend, useVerb } from './actions';
import { Glance } from './Glance';
import classes from './glance.module.css';
import { remaining, SessionMark } from './marks';

const HOURS = 4;

/** One's own sessions that run: what they show, what they use, how long they have. */
export function RunningCards({ sessions }: { sessions: WorkSessionOut[] }) {
  return (
    <ul className={classes.cards} aria-label="Running sessions">
      {sessions.map((session) => (
        <li key={session.id} className={classes.card}>
          <Card session={session} />
        </li>
      ))}
    </ul>
  );
}

function Card({ session }: { session: WorkSessionOut }) {
  const now = useNow(session.state === 'ready');
  const extend = useExtend(session.id);
  const verb = useVerb(session.id);
  const ready = session.state === 'ready' && !session.ending;
  const used = session.memory_used_mb ?? 0;
  return (
    <>
      <Glance session={session} />
      <div className={classes.text}>
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Link to="/sessions/$id" params={{ id: session.id }} fw={500} lineClamp={2}>
            {session.title}
          </Link>
          <SessionMark session={session} />
        </Group>
        <Text size="xs" c="dimmed">
          {session.stop_at ? (
            <span className={classes.soon}>
              Hibernates <When at={session.stop_at} />
            </span>
          ) : (
            <span className={session.warned ? classes.soon : undefined}>{remaining(session, now) || session.phase}</span>
          )}
          {ready && session.last_active && (
            <>
              {' · last active '}
              <When at={session.last_active} />
            </>
          )}
        </Text>
        {session.provider ? (
          <Text size="xs" c="dimmed">
            At {session.provider}, which doesn’t tell what it uses{ready && session.phase && `. ${session.phase}`}
          </Text>
        ) : (
        <div>
          <Progress value={Math.min(100, (100 * used) / session.memory_mb)} size="xs" aria-label="Memory" />
          <Text size="xs" c="dimmed">
            {used.toFixed(0)} of {session.memory_mb} MB, {session.cpu_s.toFixed(0)} s of processor{session.gpus > 0 && `, ${session.gpus > 1 ? `${String(session.gpus)} GPUs` : 'GPU'}`}
          </Text>
        </div>
        )}
        {ready && session.may_manage && (
          <Group gap="xs">
            <Button size="compact-xs" variant="default" leftSection={<IconClockPlus size={13} />} loading={extend.isPending} disabled={session.stop_at !== null} onClick={() => extend.mutate(HOURS)}>
              Extend
            </Button>
            <Button size="compact-xs" variant="default" leftSection={<IconMoon size={13} />} loading={verb.isPending} onClick={() => verb.mutate('hibernate')}>
              Hibernate
            </Button>
          </Group>
        )}
      </div>
    </>
  );
}
