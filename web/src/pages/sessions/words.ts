import type { ProgramOut, ProgramsOut, WorkSessionOut } from '@/api/types';
import { fullTime } from '@/format';

type Kind = WorkSessionOut['kind'];

/** What only watching means, by kind of session. The server holds to it, whatever a browser does. */
const OTHERS: Record<Kind, string> = {
  desktop: 'she sees the screen; her mouse, keyboard and clipboard reach nothing.',
  jupyter: 'she sees notebooks as they were last saved, with their results, and your home folder; nothing can be run, changed or saved.',
  app: 'she sees what the program shows by itself; what she presses is not sent.',
  elsewhere: 'not from here: it runs elsewhere.',
};

const OWN: Record<Kind, string> = {
  desktop: 'you see the screen; your mouse, keyboard and clipboard reach nothing.',
  jupyter: 'you see notebooks as they were last saved, with their results; reload to see newer ones. Nothing can be run, changed or saved.',
  app: 'you see what the program shows by itself; what you press is not sent.',
  elsewhere: 'not from here: it runs elsewhere.',
};

/** To a session's person, of somebody else. */
export function sheWatches(kind: Kind): string {
  return OTHERS[kind];
}

/** To somebody who watches. */
export function youWatch(kind: Kind): string {
  return OWN[kind];
}

export const SHE_WORKS_ALONG = 'with everything that you may do in it, your home folder included.';

/** To somebody who works along in the session of `person`. */
export function youWorkAlong(person: string): string {
  return `with everything that ${person} may do in it, in ${person}'s name and home folder.`;
}

const PLACES: Record<string, string> = { local: 'This computer', slurm: 'Cluster (Slurm)' };

export function placeLabel(engine: string): string {
  return PLACES[engine] ?? engine;
}

/** May it be started now? What runs at a provider needs no room here, but nobody has more than her number. */
export function mayStart({ problem, provider }: ProgramOut, capacity: ProgramsOut['capacity']): boolean {
  if (problem !== null) return false;
  return provider ? capacity.own < capacity.most_of_one : capacity.words === 'Starts now.';
}

/** When a session would start there, before anything is pressed. */
export function startWords({ words, next_end: next }: ProgramsOut['capacity'], engine: string): string {
  if (words === 'Starts now.') return engine === 'local' ? words : 'Starts when the cluster has room for it.';
  return next ? `${words} One ends ${fullTime(next)} at the latest.` : words;
}
