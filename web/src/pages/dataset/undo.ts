import type { DatasetPatch } from '@/api/types';

const PARAMETER = 'parameter:';
const FIELDS = new Set(['title', 'description', 'sample', 'techniques']);

/** The patch that puts back what an edit in the history changed; null for what is no such edit. */
export function undoOf(payload: Record<string, unknown>): DatasetPatch | null {
  const changes = payload.changes;
  if (typeof changes !== 'object' || changes === null) return null;
  const [change] = Object.entries(changes as Record<string, { old: unknown }>);
  if (!change) return null;
  const [field, { old }] = change;
  if (field.startsWith(PARAMETER)) return { parameters: { [field.slice(PARAMETER.length)]: withoutSource(old) } };
  return FIELDS.has(field) ? ({ [field]: old }) : null;
}

function withoutSource(old: unknown): { value: number | string; unit: string | null } | null {
  if (old === null || typeof old !== 'object') return null;
  const { value, unit } = old as { value: number | string; unit: string | null };
  return { value, unit };
}
