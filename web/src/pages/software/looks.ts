import { IconCheck, IconCircleDashed, IconClock, IconMinus, IconX, type Icon } from '@tabler/icons-react';

import type { SoftwareOut } from '@/api/types';

export interface StateLook {
  color: string;
  icon: Icon;
  word: string;
}

/** State with colour, sign and word. What was built but fails its check is broken, whatever its state says. */
export function lookOf({ state, health }: Pick<SoftwareOut, 'state' | 'health'>): StateLook {
  if (health?.works === false) return { color: 'red', icon: IconX, word: 'Broken' };
  switch (state) {
    case 'ready':
      return { color: 'green', icon: IconCheck, word: 'Installed' };
    case 'building':
      return { color: 'blue', icon: IconCircleDashed, word: 'Being built' };
    case 'missing':
      return { color: 'gray', icon: IconClock, word: 'Not built yet' };
    case 'absent':
      return { color: 'gray', icon: IconMinus, word: 'Not installed here' };
    case 'failed':
      return { color: 'red', icon: IconX, word: 'Failed' };
  }
}

/** What a recipe's author says of the program: null where the question doesn't arise. */
export function verifiedText(verified: string | null | undefined): string | null {
  if (verified === null || verified === undefined) return null;
  return verified === '' ? 'Not verified against the real program' : `Verified with version ${verified}`;
}
