/** Times in the reader's zone, durations in words. */

const DAY = 86_400_000;

const dateTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit',
});
const dateOnly = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

export function date(iso: string): string {
  return dateOnly.format(new Date(iso));
}

export function time(iso: string): string {
  return dateTime.format(new Date(iso));
}

export function timeOfDay(iso: string): string {
  return clockSeconds.format(new Date(iso));
}

/** With the zone and in UTC, for the hover. */
export function fullTime(iso: string): string {
  const moment = new Date(iso);
  return `${full.format(moment)} (${moment.toISOString().replace(/\.\d+Z$/u, 'Z')})`;
}

/** Close times in words, others as a date: `just now`, `12 minutes ago`, `today 09:12`, `3 May 2026`. */
export function ago(iso: string, now: Date = new Date()): string {
  const then = new Date(iso);
  const elapsed = now.getTime() - then.getTime();
  if (elapsed < -60_000) return elapsed > -DAY * 60 ? `in ${duration(-elapsed / 1000, 1)}` : date(iso);
  if (elapsed < 60_000) return 'just now';
  if (elapsed < 3_600_000) return `${duration(elapsed / 1000, 1)} ago`;
  const days = Math.round((startOfDay(now) - startOfDay(then)) / DAY);
  if (days === 0) return `today ${clock.format(then)}`;
  if (days === 1) return `yesterday ${clock.format(then)}`;
  return date(iso);
}

function startOfDay(moment: Date): number {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}

const UNITS: readonly [number, string][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** `2 minutes 5 seconds`; `parts` largest units. */
export function duration(seconds: number, parts = 2): string {
  if (seconds < 1) return seconds <= 0 ? '0 seconds' : `${seconds.toFixed(1)} seconds`;
  if (seconds < 10 && parts > 1) return `${String(Number(seconds.toFixed(1)))} seconds`;
  let rest = Math.round(seconds);
  const words: string[] = [];
  for (const [length, name] of UNITS) {
    const n = Math.floor(rest / length);
    if (n === 0) {
      if (words.length > 0) break;
      continue;
    }
    words.push(`${String(n)} ${name}${n === 1 ? '' : 's'}`);
    rest -= n * length;
    if (words.length === parts) break;
  }
  return words.join(' ');
}

/** `1:05`, `2:10:09` for running clocks. */
export function stopwatch(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const pad = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const tail = pad(total % 60);
  return hours > 0 ? `${String(hours)}:${pad(minutes)}:${tail}` : `${String(minutes)}:${tail}`;
}
