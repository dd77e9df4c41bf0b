/** Days of a year as the calendar shows them. */

/** Sums by month, January first, of counts by ISO date. */
export function monthsOf(days: Record<string, number>): number[] {
  const sums = Array.from({ length: 12 }, () => 0);
  for (const [date, number] of Object.entries(days)) {
    const month = Number(date.slice(5, 7)) - 1;
    sums[month] = (sums[month] ?? 0) + number;
  }
  return sums;
}

/** The days of a month in weeks that begin on Monday; gaps before the first are null. */
export function daysOf(year: number, month: number): (number | null)[] {
  const first = (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7;
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return [...Array.from({ length: first }, () => null), ...Array.from({ length }, (_, index) => index + 1)];
}

export function iso(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
