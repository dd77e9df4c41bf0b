/**
 * Fetches the frames that come next if the movement goes on. Those on their way that are still ahead are kept from step to
 * step; those left behind are aborted. Frames are only fetched here; they are decoded when they are wanted.
 */

export type Fetch<T> = (source: T, signal: AbortSignal) => Promise<unknown>;

/** Where the slider is and how far it went with its last step. */
export interface Movement {
  readonly index: number;
  readonly step: number;
  readonly size: number;
}

const AT_ONCE = 2;
/** A jump says nothing about where the next step goes. */
const LONGEST_STEP = 16;

/** The indices ahead of a movement, nearest first; none without one. */
export function ahead({ index, step, size }: Movement, count: number): number[] {
  if (step === 0 || Math.abs(step) > LONGEST_STEP) return [];
  const found: number[] = [];
  for (let i = 1; i <= count; i++) {
    const next = index + i * step;
    if (next < 0 || next >= size) break;
    found.push(next);
  }
  return found;
}

export class Prefetcher<T> {
  private readonly running = new Map<string, AbortController>();
  private readonly done = new Set<string>();
  private wanted: readonly { key: string; source: T }[] = [];

  constructor(private readonly fetch: Fetch<T>) {}

  /** The frames ahead now, nearest first; `at` is the one that is wanted itself, which is fetched elsewhere. */
  want(wanted: readonly { key: string; source: T }[], at: string): void {
    this.wanted = wanted;
    const kept = new Set([at, ...wanted.map(({ key }) => key)]);
    for (const [key, controller] of this.running) {
      if (kept.has(key)) continue;
      this.running.delete(key);
      controller.abort();
    }
    for (const key of this.done) if (!kept.has(key)) this.done.delete(key);
    this.pump();
  }

  close(): void {
    this.want([], '');
  }

  private pump(): void {
    for (const { key, source } of this.wanted) {
      if (this.running.size >= AT_ONCE) return;
      if (this.running.has(key) || this.done.has(key)) continue;
      const controller = new AbortController();
      this.running.set(key, controller);
      // A frame that can't be fetched is not tried again before it is wanted itself.
      const settle = () => {
        if (this.running.get(key) !== controller) return;
        this.running.delete(key);
        this.done.add(key);
        this.pump();
      };
      this.fetch(source, controller.signal).then(settle, settle);
    }
  }
}
