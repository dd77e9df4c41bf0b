import type { Branch } from '@/api/types';

/** Whether a chosen term is this one or below it. */
export function isBelow(branch: Branch, chosen: readonly string[]): boolean {
  return chosen.includes(branch.iri) || branch.children.some((child) => isBelow(child, chosen));
}

/** A branch shows its narrower terms when one of them is chosen, or when it is a mere category ("defined by …"). */
export function openAtFirst(branch: Branch, chosen: readonly string[]): boolean {
  return branch.children.some((child) => isBelow(child, chosen)) || branch.label.startsWith('defined by');
}
