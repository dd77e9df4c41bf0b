/** How the states of a request are called. */
import type { HelpState } from '@/components/help/queries';

export const STATES: Record<HelpState, { mine: string; staff: string; color: string }> = {
  open: { mine: 'Open', staff: 'Open', color: 'blue' },
  waiting: { mine: 'Waiting for you', staff: 'Waiting for its person', color: 'yellow' },
  answered: { mine: 'Answered', staff: 'Answered', color: 'green' },
  closed: { mine: 'Closed', staff: 'Closed', color: 'gray' },
};

export function stateWord(state: HelpState, isMine: boolean): string {
  return isMine ? STATES[state].mine : STATES[state].staff;
}
