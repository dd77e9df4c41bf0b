import { Badge } from '@mantine/core';

import type { HelpState } from '@/components/help/queries';

import { STATES, stateWord } from './words';

export function StateMark({ state, isMine }: { state: HelpState; isMine: boolean }) {
  return (
    <Badge variant="default" tt="none" className="pd-mark" leftSection={<span aria-hidden style={{ color: `var(--mantine-color-${STATES[state].color}-6)` }}>●</span>}>
      {stateWord(state, isMine)}
    </Badge>
  );
}
