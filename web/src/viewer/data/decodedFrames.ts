/** The few frames that are decoded, in slots that go round: the one not looked at for longest makes room. */

import type { NumericArray } from '../core/numbers';
import type { Block, PixelRules } from '../core/pool';
import type { Slot } from '../decode/slot';

/** The frames around the one on show; more are decoded again in milliseconds. */
const MOST = 6;
/** A slot this much larger than what it shall hold is given up. */
const MUCH_LARGER = 8;
const SMALL = 16e6;

/** The answer that a frame came as: its bytes, how long it took in milliseconds, whether it is the stored chunk. */
export interface Origin {
  readonly bytes: number;
  readonly took: number;
  readonly stored: boolean;
}

interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly origin: Origin;
}

export class Frame {
  private slot: Slot | null;

  constructor(
    slot: Slot,
    private readonly shape: Shape,
  ) {
    this.slot = slot;
  }

  get rows(): number {
    return this.shape.rows;
  }

  get columns(): number {
    return this.shape.columns;
  }

  get origin(): Origin {
    return this.shape.origin;
  }

  /** Another frame has taken its slot. */
  get gone(): boolean {
    return this.slot === null;
  }

  /** Not to be kept beyond a wait. */
  get values(): NumericArray {
    return this.present().values();
  }

  pool(block: Block, factor: number, rules: PixelRules, into: Float32Array): void {
    this.present().pool(this.columns, block, factor, rules, into);
  }

  /** Its slot, for another frame. */
  leave(): Slot {
    const slot = this.present();
    this.slot = null;
    return slot;
  }

  /** Bytes of its slot. */
  get held(): number {
    return this.slot?.held ?? 0;
  }

  private present(): Slot {
    if (this.slot === null) throw new Error('The frame is no longer decoded.');
    return this.slot;
  }
}

export class DecodedFrames {
  /** Oldest first. */
  private readonly frames = new Map<string, Frame>();
  private spare: Slot | null = null;
  /** Frames decoded and slots made so far. */
  made = 0;
  slots = 0;

  constructor(
    private readonly makeSlot: () => Slot,
    private readonly limit: number,
  ) {}

  get held(): number {
    let total = 0;
    for (const frame of this.frames.values()) total += frame.held;
    return total;
  }

  get(key: string): Frame | undefined {
    const found = this.frames.get(key);
    if (found) {
      this.frames.delete(key);
      this.frames.set(key, found);
    }
    return found;
  }

  /** A new frame, which `fill` decodes; what it throws is thrown, and the slot is kept for the next. */
  make(key: string, shape: Shape, fill: (slot: Slot) => void): Frame {
    const slot = this.slotFor(shape.rows * shape.columns);
    this.made++;
    const frame = new Frame(slot, shape);
    try {
      fill(slot);
      this.frames.set(key, frame);
      return frame;
    } catch (error) {
      this.spare = frame.leave();
      throw error;
    }
  }

  private slotFor(pixels: number): Slot {
    const kept = this.spare ?? this.oldest();
    this.spare = null;
    while (this.held + (kept?.held ?? 0) > this.limit && this.frames.size > 1) this.remove();
    if (kept && (kept.held < SMALL || kept.held < MUCH_LARGER * pixels * 4)) return kept;
    this.slots++;
    return this.makeSlot();
  }

  /** The slot of the oldest frame, once there are enough. */
  private oldest(): Slot | null {
    const next = this.frames.values().next().value;
    const size = next?.held ?? 0;
    return this.frames.size >= MOST || (this.frames.size > 1 && this.held + size > this.limit) ? this.remove() : null;
  }

  private remove(): Slot | null {
    for (const [key, frame] of this.frames) {
      this.frames.delete(key);
      return frame.leave();
    }
    return null;
  }
}
