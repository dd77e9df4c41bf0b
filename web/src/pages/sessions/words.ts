import type { WorkSessionOut } from '@/api/types';

const WATCHING: Record<WorkSessionOut['kind'], string> = {
  desktop: 'she sees the screen; her mouse, keyboard and clipboard reach nothing.',
  jupyter: 'she sees notebooks as they were last saved, with their results, and your home folder; nothing can be run, changed or saved.',
  app: 'she sees what the program shows by itself; what she presses is not sent.',
};

/** What only watching means, by kind of session. The server holds to it, whatever her browser does. */
export function watching(kind: WorkSessionOut['kind']): string {
  return WATCHING[kind];
}

export const ALONG = 'with everything that you may do in it, your home folder included.';
