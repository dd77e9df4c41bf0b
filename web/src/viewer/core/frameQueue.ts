/**
 * Latest wins, without a debounce: at most `parallel` requests run, each result newer than the one shown is shown, and of all
 * frames wanted meanwhile only the newest is requested next. So a held arrow key shows frames continuously and drops the rest.
 *
 * What nobody waits for any more is aborted: requests older than a frame that came, at once; and when nothing newer was wanted
 * for a moment, all but the newest.
 */

export interface FrameQueueOptions<K, V> {
  readonly load: (key: K, signal: AbortSignal) => Promise<V>;
  readonly onFrame: (key: K, value: V) => void;
  readonly onError: (key: K, error: unknown) => void;
  /** Called when work begins or ends. */
  readonly onBusy?: (busy: boolean) => void;
  readonly parallel?: number;
}

/** The slider rests when nothing new is wanted for so long. */
export const RESTS_AFTER_MS = 120;

interface Running {
  readonly order: number;
  readonly controller: AbortController;
}

export class FrameQueue<K, V> {
  private readonly running = new Set<Running>();
  private waiting: { key: K; order: number } | null = null;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private order = 0;
  private closed = false;

  constructor(private readonly options: FrameQueueOptions<K, V>) {}

  want(key: K): void {
    this.waiting = { key, order: ++this.order };
    clearTimeout(this.rest);
    this.pump();
    this.rest = setTimeout(() => this.makeWay(), RESTS_AFTER_MS);
  }

  /** Abort everything; nothing is shown any more. */
  close(): void {
    this.closed = true;
    this.waiting = null;
    clearTimeout(this.rest);
    this.abortBefore(Infinity);
  }

  private makeWay(): void {
    this.abortBefore(this.order);
    this.pump();
  }

  private abortBefore(order: number): void {
    for (const entry of this.running) {
      if (entry.order >= order) continue;
      this.running.delete(entry);
      entry.controller.abort();
    }
  }

  private pump(): void {
    if (this.closed || !this.waiting || this.running.size >= (this.options.parallel ?? 2)) return;
    const { key, order } = this.waiting;
    this.waiting = null;
    const entry: Running = { order, controller: new AbortController() };
    this.running.add(entry);
    this.options.onBusy?.(true);
    this.options.load(key, entry.controller.signal).then(
      (value) => this.settle(entry, () => this.options.onFrame(key, value)),
      (error: unknown) => this.settle(entry, () => this.options.onError(key, error)),
    );
  }

  private settle(entry: Running, report: () => void): void {
    if (this.closed || !this.running.delete(entry)) return;
    this.abortBefore(entry.order);
    report();
    this.pump();
    if (this.running.size === 0) this.options.onBusy?.(false);
  }
}
