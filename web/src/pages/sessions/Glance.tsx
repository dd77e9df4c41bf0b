import { Text } from '@mantine/core';
import { IconAppWindow, IconDeviceDesktop, IconNotebook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import type { WorkSessionOut } from '@/api/types';
import { When } from '@/components/text';

import { openNotebooksQuery } from './queries';
import classes from './glance.module.css';

const EVERY_MS = 15_000;

/** What a running session shows now, small: the screen of a desktop, the notebooks of a Jupyter. */
export function Glance({ session, small = false }: { session: WorkSessionOut; small?: boolean }) {
  const looks = session.may_look && session.state === 'ready' && !session.ending;
  if (looks && session.kind === 'desktop') return <Picture session={session} small={small} />;
  if (looks && session.kind === 'jupyter') return <Notebooks session={session} small={small} />;
  return <Nothing session={session} small={small} />;
}

function Nothing({ session, small }: { session: WorkSessionOut; small: boolean }) {
  const Icon = session.kind === 'desktop' ? IconDeviceDesktop : session.kind === 'jupyter' ? IconNotebook : IconAppWindow;
  return (
    <div className={classes.frame} data-small={small || undefined} aria-hidden>
      <Icon size={small ? 20 : 32} stroke={1.3} />
    </div>
  );
}

function Picture({ session, small }: { session: WorkSessionOut; small: boolean }) {
  const tick = useTick(EVERY_MS);
  const [broken, setBroken] = useState(-1);
  if (broken === tick) return <Nothing session={session} small={small} />;
  return (
    <div className={classes.frame} data-small={small || undefined}>
      <img src={`/api/v1/sessions/${session.id}/picture?${String(tick)}`} alt={`Screen of ${session.title}`} decoding="async" onError={() => setBroken(tick)} />
    </div>
  );
}

const WORDS = { busy: 'computes', idle: 'idle', starting: 'starts', other: '' } as const;

function Notebooks({ session, small }: { session: WorkSessionOut; small: boolean }) {
  const { data } = useQuery(openNotebooksQuery(session.id));
  const shown = (data ?? []).slice(0, small ? 2 : 4);
  if (!data) return <Nothing session={session} small={small} />;
  return (
    <ul className={classes.notebooks} data-small={small || undefined} aria-label="Open notebooks">
      {shown.map((one) => (
        <li key={one.name}>
          <span className={classes.state} data-state={one.state} aria-hidden />
          <Text size="xs" truncate title={one.name}>
            {one.name.split('/').at(-1)}
          </Text>
          <Text size="xs" c="dimmed" className={classes.word}>
            {one.state === 'idle' && one.last_active ? <When at={one.last_active} /> : WORDS[one.state]}
          </Text>
        </li>
      ))}
      {data.length === 0 && (
        <li>
          <Text size="xs" c="dimmed">
            No notebook with a kernel.
          </Text>
        </li>
      )}
      {data.length > shown.length && (
        <li>
          <Text size="xs" c="dimmed">
            and {data.length - shown.length} more
          </Text>
        </li>
      )}
    </ul>
  );
}

/** Another number every so often, while somebody can see the page. */
function useTick(every: number): number {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const next = () => {
      if (document.visibilityState === 'visible') setTick((before) => before + 1);
    };
    const timer = window.setInterval(next, every);
    return () => window.clearInterval(timer);
  }, [every]);
  return tick;
}
