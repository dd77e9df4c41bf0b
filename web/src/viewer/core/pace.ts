/** When playback takes its next step, and how far: by the clock, but never before the last frame is there. */

/** A frame that does not come for so long is given up. */
const PATIENCE_MS = 2000;

export class Pace {
  private busy = false;
  private due = 0;
  private steppedAt = 0;

  /** Whether the frame that is wanted has still to come. */
  setBusy(busy: boolean): void {
    this.busy = busy;
  }

  /** Playback begins: the first step is due one period from now. */
  start(now: number, fps: number): void {
    this.steppedAt = now;
    this.due = now + 1000 / fps;
  }

  /** Frames to go on by at this moment; more than one where some came too late to be shown. */
  advance(now: number, fps: number): number {
    if (now < this.due) return 0;
    if (this.busy && now - this.steppedAt < PATIENCE_MS) return 0;
    const period = 1000 / fps;
    const steps = 1 + Math.floor((now - this.due) / period);
    this.due += steps * period;
    this.steppedAt = now;
    return steps;
  }
}
