import { Alert } from '@mantine/core';

import type { WorkSessionOut } from '@/api/types';
import { When } from '@/components/text';

import classes from './sessions.module.css';

/** It has yet to start: its software is prepared, it stands in a queue, or its program comes up. */
export function waits({ state }: WorkSessionOut): boolean {
  return state === 'requested' || state === 'starting';
}

/** An end that operators ordered, of this session or of all on its computer, and what it means. */
export function Ordered({ session }: { session: WorkSessionOut }) {
  return (
    <Alert color="orange" className={classes.warning} title={<Title session={session} />} role="alert">
      {session.stop_reason} {WHAT_THEN[session.state] ?? 'Save your work: files are kept, and you can resume the session later.'}
    </Alert>
  );
}

function Title({ session }: { session: WorkSessionOut }) {
  if (session.state === 'requested') return 'This session will not start now';
  return (
    <>
      This session hibernates <When at={session.stop_at} />
      {waits(session) && ', started or not'}
    </>
  );
}

const WHAT_THEN: Partial<Record<WorkSessionOut['state'], string>> = {
  requested: 'It goes to sleep instead of starting. It is kept: resume it when the computer is back.',
  starting: 'Until then it may start still. It is kept: resume it when the computer is back.',
};
