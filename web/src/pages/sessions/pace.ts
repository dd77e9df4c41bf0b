import { useSyncExternalStore } from 'react';

const EVERY_MS = 1000;
const SLOW_MS = 250;
const CALM_MS = 80;
const CALM_ANSWERS = 3;

/** What comes over a screen's line: pictures and bytes in the last second. */
export interface Rate {
  pictures: number;
  bytes: number;
}

/** Counts pictures where they are drawn and bytes where they arrive. */
export class Pace {
  rate: Rate | null = null;
  private pictures = 0;
  private bytes = 0;
  private timer: number | undefined;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    this.timer = window.setInterval(() => {
      const quiet = this.pictures === 0 && this.bytes === 0 && this.rate?.bytes === 0;
      if (quiet) return; // nothing is drawn anew while nothing changes
      this.rate = { pictures: this.pictures, bytes: this.bytes };
      this.pictures = 0;
      this.bytes = 0;
      for (const listener of this.listeners) listener();
    }, EVERY_MS);
  }

  stop(): void {
    window.clearInterval(this.timer);
  }

  arrived(data: unknown): void {
    if (data instanceof ArrayBuffer) this.bytes += data.byteLength;
  }

  /** noVNC draws each finished picture by one `drawImage` on its canvas, of what changed. */
  watch(canvas: HTMLCanvasElement | null): void {
    const context = canvas?.getContext('2d');
    if (!context || Object.hasOwn(context, 'drawImage')) return;
    const draw = context.drawImage.bind(context) as (...given: unknown[]) => void;
    const counted = (...given: unknown[]) => {
      this.pictures += 1;
      draw(...given);
    };
    Object.defineProperty(context, 'drawImage', { value: counted, configurable: true });
  }
}

export function useRate(pace: Pace): Rate | null {
  return useSyncExternalStore(pace.subscribe, () => pace.rate);
}

/** Which of the qualities the line bears (0 is the best), and how often in turn it was quick. */
export interface Line {
  level: number;
  calm: number;
}

/** After one more message was answered in `delay` ms: worse at once where the line is full, better after some quick answers. */
export function adapted({ level, calm }: Line, delay: number, worst: number): Line {
  if (delay > SLOW_MS) return { level: Math.min(level + 1, worst), calm: 0 };
  if (delay > CALM_MS || level === 0) return { level, calm: 0 };
  return calm + 1 < CALM_ANSWERS ? { level, calm: calm + 1 } : { level: level - 1, calm: 0 };
}
