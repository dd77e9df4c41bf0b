/**
 * When playback takes its next step, and how far: by the clock, but never with more frames under way than are worth it. One is
 * decoded while the one before is painted.
 */

/** Frames under way at a time. */
const AT_ONCE = 2;
/** A frame that does not come for so long is given up. */
const PATIENCE_MS = 2000;

export class Pace {
  /** What is still to come, in the order in which it was wanted. */
  private coming: readonly object[] = [];
  private due = 0;
  private steppedAt = 0;

  wants(frame: object): void {
    if (!this.coming.includes(frame)) this.coming = [...this.coming, frame];
  }

  /** It is there; those wanted before it are not waited for any more. */
  came(frame: object): void {
    this.coming = this.coming.slice(this.coming.indexOf(frame) + 1);
  }

  /** Nothing is waited for. */
  settle(): void {
    this.coming = [];
  }

  /** Playback begins: the first step is due one period from now. */
  start(now: number, fps: number): void {
    this.steppedAt = now;
    this.due = now + 1000 / fps;
  }

  /** Frames to go on by at this moment; more than one where some came too late to be shown. */
  advance(now: number, fps: number): number {
    if (now < this.due) return 0;
    if (this.coming.length >= AT_ONCE && now - this.steppedAt < PATIENCE_MS) return 0;
    const period = 1000 / fps;
    const steps = 1 + Math.floor((now - this.due) / period);
    this.due += steps * period;
    this.steppedAt = now;
    return steps;
  }
}
