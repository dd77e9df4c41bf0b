import type { CompletionsOut } from '@/api/types';

/** The box once a completion has been taken: a name waits for its value, a value for the next term. */
export function completed(text: string, { start, end }: Pick<CompletionsOut, 'start' | 'end'>, chosen: string): { text: string; caret: number } {
  const rest = text.slice(end);
  const gap = chosen.endsWith(':') || rest.startsWith(' ') ? '' : ' ';
  const before = text.slice(0, start) + chosen + gap;
  return { text: before + rest, caret: before.length };
}
