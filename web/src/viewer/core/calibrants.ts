/** Lattice spacings of the usual calibrants, from their lattice parameters (NIST SRM 640, 660, 674; T. C. Huang 1993). */

export const CALIBRANTS = ['AgBh', 'CeO2', 'LaB6', 'Si'] as const;
export type Calibrant = (typeof CALIBRANTS)[number];

export const CALIBRANT_NAMES: Record<Calibrant, string> = {
  AgBh: 'Silver behenate',
  CeO2: 'Ceria (CeO₂)',
  LaB6: 'Lanthanum hexaboride (LaB₆)',
  Si: 'Silicon',
};

type Allowed = (h: number, k: number, l: number) => boolean;

const sameParity: Allowed = (h, k, l) => h % 2 === k % 2 && k % 2 === l % 2;
const diamond: Allowed = (h, k, l) => sameParity(h, k, l) && (h % 2 === 1 || (h + k + l) % 4 === 0);

/** Spacings of a cubic lattice, largest first. */
function cubic(parameter: number, allowed: Allowed, count: number): number[] {
  const sums = new Set<number>();
  for (let h = 1; h <= 10; h++)
    for (let k = 0; k <= h; k++)
      for (let l = 0; l <= k; l++) if (allowed(h, k, l)) sums.add(h * h + k * k + l * l);
  return [...sums]
    .sort((a, b) => a - b)
    .slice(0, count)
    .map((sum) => parameter / Math.sqrt(sum));
}

/** Lattice spacings in Å, largest first. */
export function calibrantSpacings(calibrant: Calibrant, count = 20): number[] {
  switch (calibrant) {
    case 'AgBh':
      return Array.from({ length: count }, (_, order) => 58.38 / (order + 1));
    case 'CeO2':
      return cubic(5.41165, sameParity, count);
    case 'LaB6':
      return cubic(4.156826, () => true, count);
    case 'Si':
      return cubic(5.43119, diamond, count);
  }
}

/** A calibrant's name or spacings in Å such as '58.4, 29.2'; null when it can't be understood. */
export function parseRings(text: string): number[] | null {
  const trimmed = text.trim();
  const calibrant = CALIBRANTS.find((name) => name.toLowerCase() === trimmed.toLowerCase());
  if (calibrant) return calibrantSpacings(calibrant);
  const spacings = trimmed.split(/[\s,;]+/).filter(Boolean).map(Number);
  return spacings.length > 0 && spacings.every((d) => Number.isFinite(d) && d > 0) ? spacings : null;
}
