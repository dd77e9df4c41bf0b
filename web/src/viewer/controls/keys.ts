/** Keys of the viewer, as data: the handler and the help list read the same table. */

import { useEffect } from 'react';

export const KEYS = [
  { key: '← →', does: 'previous or next frame (with Shift: ten)' },
  { key: 'Space', does: 'play or pause' },
  { key: 'L', does: 'logarithmic or linear' },
  { key: 'A', does: 'percentile contrast of this frame' },
  { key: 'R', does: 'reset zoom' },
  { key: 'M', does: 'pixel mask on or off' },
  { key: 'P', does: 'line profile' },
  { key: 'G', does: 'region of interest' },
  { key: 'T', does: 'a pixel, region or line through the whole stack' },
  { key: 'F', does: 'full screen' },
  { key: 'I', does: 'say what is shown' },
  { key: '?', does: 'all keys' },
  { key: 'Wheel', does: 'zoom; Alt or Shift: along one axis' },
  { key: 'Drag', does: 'move; with Ctrl: zoom into a rectangle' },
] as const;

export type ViewerCommand =
  | { readonly kind: 'step'; readonly by: number }
  | { readonly kind: 'play' | 'log' | 'autoscale' | 'reset' | 'mask' | 'profile' | 'region' | 'through' | 'screen' | 'describe' | 'help' };

const LETTERS: Partial<Record<string, ViewerCommand>> = {
  l: { kind: 'log' },
  a: { kind: 'autoscale' },
  r: { kind: 'reset' },
  m: { kind: 'mask' },
  p: { kind: 'profile' },
  g: { kind: 'region' },
  t: { kind: 'through' },
  f: { kind: 'screen' },
  i: { kind: 'describe' },
  '?': { kind: 'help' },
  ' ': { kind: 'play' },
};

type PressedKey = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>;

/** The command of a pressed key, null for keys that are not the viewer's. */
export function commandOf(event: PressedKey): ViewerCommand | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.key === 'ArrowLeft') return { kind: 'step', by: event.shiftKey ? -10 : -1 };
  if (event.key === 'ArrowRight') return { kind: 'step', by: event.shiftKey ? 10 : 1 };
  return LETTERS[event.key.toLowerCase()] ?? null;
}

/** Elements that need their keys themselves. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.closest('input, textarea, select, [contenteditable="true"], [role="menu"], [role="dialog"], [role="listbox"], [role="tree"]') !== null;
}

/** Space presses a focused button; the arrows move within a group of radio buttons or tabs. */
function isOwnKey(event: KeyboardEvent): boolean {
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (event.key === ' ') return target?.closest('button, a, summary, [role="button"]') !== null && target !== null;
  return event.key.startsWith('Arrow') && target !== null && target.closest('[role="slider"], [role="tab"], [role="radiogroup"]') !== null;
}

export function useViewerKeys(run: (command: ViewerCommand) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target) || isOwnKey(event)) return;
      const command = commandOf(event);
      if (!command) return;
      event.preventDefault();
      run(command);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [run]);
}
