import { Badge } from '@mantine/core';
import { IconCircleDashed, IconMoon, IconPlayerPlay, IconQuestionMark, IconSquareCheck, IconX } from '@tabler/icons-react';
import type { Icon } from '@tabler/icons-react';

import type { WorkSessionOut } from '@/api/types';
import { duration } from '@/format';

const LOOKS: Record<WorkSessionOut['state'], { color: string; icon: Icon; word: string }> = {
  requested: { color: 'gray', icon: IconCircleDashed, word: 'Waiting' },
  starting: { color: 'blue', icon: IconCircleDashed, word: 'Starting' },
  ready: { color: 'green', icon: IconPlayerPlay, word: 'Ready' },
  hibernated: { color: 'indigo', icon: IconMoon, word: 'Asleep' },
  ended: { color: 'gray', icon: IconSquareCheck, word: 'Ended' },
  failed: { color: 'red', icon: IconX, word: 'Failed' },
  lost: { color: 'orange', icon: IconQuestionMark, word: 'Lost' },
};

export function SessionMark({ session }: { session: WorkSessionOut }) {
  const look = session.ending && session.state === 'ready' ? { ...LOOKS.ended, word: 'Ending' } : LOOKS[session.state];
  return (
    <Badge className="pd-mark" color={look.color} size="sm" leftSection={<look.icon size={13} stroke={2} aria-hidden />}>
      {look.word}
    </Badge>
  );
}

/** How long a running session has left, in words. */
export function remaining(session: WorkSessionOut, now: number): string {
  if (session.state !== 'ready' || !session.expires) return '';
  const end = Math.min(Date.parse(session.expires), session.stop_at ? Date.parse(session.stop_at) : Infinity);
  const seconds = (end - now) / 1000;
  return seconds > 0 ? `${duration(seconds, seconds < 600 ? 2 : 1)} left` : 'its time is over';
}
