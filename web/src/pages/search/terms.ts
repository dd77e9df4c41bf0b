/** Changing single terms of the query in the box: what the facets write, the box can show and edit. */
import type { UnderstoodTerm } from '@/api/types';

const DIGITS = 6;

/** The query with all terms of `field` replaced by `term`; without `term` they are dropped. */
export function withTerm(q: string, understood: readonly UnderstoodTerm[], field: string, term?: string): string {
  const own = understood.filter((one) => !one.negated && meansField(one, field));
  let rest = q;
  for (const { text } of own) rest = rest.replace(text, ' ');
  return [rest, term ?? ''].join(' ').replace(/\s+/gu, ' ').trim();
}

/** `photon_energy:7..8keV`; an end that is not given stays open. */
export function rangeTerm(name: string, low: number | null, high: number | null, unit: string | null): string | undefined {
  if (low === null && high === null) return undefined;
  const written = (value: number | null) => (value === null ? '' : String(Number(value.toPrecision(DIGITS))));
  const spaced = unit && /\s/u.test(unit) ? `"${written(low)}..${written(high)}${unit}"` : `${written(low)}..${written(high)}${unit ?? ''}`;
  return `${name}:${spaced}`;
}

/** The day, month or year that the query asks for now, as it was clicked. */
export function dateOf(understood: readonly UnderstoodTerm[]): string | undefined {
  return understood.find(({ field, negated, problem }) => field === 'date' && !negated && !problem)?.value;
}

function meansField({ field, note }: UnderstoodTerm, name: string): boolean {
  return field === name || (note?.includes(` is ${name}`) ?? false);
}
