import { Badge } from '@mantine/core';
import { IconBan, IconCheck, IconCircleDashed, IconClockPause, IconPlayerPlay, IconPlayerTrackNext, IconX } from '@tabler/icons-react';

const LOOKS = {
  waiting: { color: 'gray', icon: IconClockPause, word: 'Waiting' },
  running: { color: 'blue', icon: IconPlayerPlay, word: 'Running' },
  succeeded: { color: 'green', icon: IconCheck, word: 'Done' },
  failed: { color: 'red', icon: IconX, word: 'Failed' },
  cancelled: { color: 'gray', icon: IconBan, word: 'Cancelled' },
  skipped: { color: 'gray', icon: IconPlayerTrackNext, word: 'Skipped' },
  refused: { color: 'orange', icon: IconCircleDashed, word: 'Refused' },
} as const;

export type ChainState = keyof typeof LOOKS;

export function stateWord(state: ChainState): string {
  return LOOKS[state].word;
}

export function StateMark({ state, size = 'sm' }: { state: ChainState; size?: 'sm' | 'md' | 'lg' }) {
  const { color, icon: Icon, word } = LOOKS[state];
  return (
    <Badge className="pd-mark" color={color} size={size} leftSection={<Icon size={13} stroke={2} aria-hidden />}>
      {word}
    </Badge>
  );
}
