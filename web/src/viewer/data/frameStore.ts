/**
 * Frames in memory and everything computed from their pixels. Lives in a worker, so the page stays responsive; raw frames
 * never cross to the page, only the pixels of the screen and small answers do.
 */

import { complexPart, type ComplexPart } from '../core/complex';
import { unsignedMaximum } from '../core/dtype';
import { ByteLru } from '../core/lru';
import type { NumericArray } from '../core/numbers';
import { maxPool, sampleBlock, type Block, type PixelRules, type Pooled } from '../core/pool';
import { lineProfile, type Profile, type Segment } from '../core/profile';
import { histogram, percentiles, statistics, type Histogram, type Statistics } from '../core/statistics';
import { emptyMask, encodeRuns, paintThreshold } from '../core/mask';
import type { ReceivedArray } from './requests';

/** A 2-D selection of an array, as shown. */
export interface FrameSource {
  readonly url: string;
  readonly part: ComplexPart | null;
  /** The shown rows run along a faster dimension than the columns. */
  readonly transposed: boolean;
}

export interface RuleSource {
  readonly sentinels: readonly number[];
  /** Address of the pixel mask; null when it is not applied. */
  readonly maskUrl: string | null;
}

export interface Frame {
  readonly values: NumericArray;
  readonly rows: number;
  readonly columns: number;
  readonly dtype: string;
}

export interface Rendered extends Pooled {
  readonly block: Block;
  readonly factor: number;
  readonly frameRows: number;
  readonly frameColumns: number;
}

export interface Description {
  readonly statistics: Statistics | null;
  readonly masked: number;
  readonly positiveMinimum: number | null;
  readonly percentiles: Record<string, number>;
  readonly histogram: Histogram;
}

export type Fetcher = (url: string, signal: AbortSignal) => Promise<ReceivedArray>;

interface Flight {
  readonly promise: Promise<Frame>;
  readonly controller: AbortController;
  waiting: number;
}

const PERCENTILES = [0.1, 0.5, 1, 5, 50, 95, 99, 99.5, 99.9];
const SAMPLES_FOR_CONTRAST = 250_000;

export class FrameStore {
  private readonly frames: ByteLru<Frame>;
  private readonly masks = new ByteLru<Frame>(64e6);
  private readonly maskFlights = new Map<string, Promise<Frame>>();
  private readonly flights = new Map<string, Flight>();

  constructor(
    private readonly fetcher: Fetcher,
    limit = 128e6,
  ) {
    this.frames = new ByteLru(limit);
  }

  get bytes(): number {
    return this.frames.bytes;
  }

  /** From memory or the server; one request however many ask, aborted when nobody waits any more. */
  async frame(source: FrameSource, signal: AbortSignal): Promise<Frame> {
    const key = `${source.url} ${source.part ?? ''} ${source.transposed}`;
    const known = this.frames.get(key);
    if (known) return known;
    const flight = this.flights.get(key) ?? this.depart(key, source);
    flight.waiting++;
    const leave = () => {
      if (--flight.waiting === 0) {
        this.flights.delete(key);
        flight.controller.abort();
      }
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await flight.promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  private depart(key: string, source: FrameSource): Flight {
    const controller = new AbortController();
    const promise = this.fetcher(source.url, controller.signal)
      .then((received) => {
        const frame = toFrame(received, source);
        this.frames.set(key, frame, frame.values.byteLength);
        return frame;
      })
      .finally(() => {
        if (this.flights.get(key) === flight) this.flights.delete(key);
      });
    const flight: Flight = { promise, controller, waiting: 0 };
    this.flights.set(key, flight);
    return flight;
  }

  /** The frame and which of its pixels count; both are fetched at once. */
  private async frameAndRules(source: FrameSource, wanted: RuleSource, signal: AbortSignal): Promise<[Frame, PixelRules]> {
    const [frame, mask] = await Promise.all([
      this.frame(source, signal),
      wanted.maskUrl === null ? null : this.mask(wanted.maskUrl),
    ]);
    signal.throwIfAborted();
    const fits = mask !== null && mask.rows === frame.rows && mask.columns === frame.columns;
    return [frame, { sentinels: wanted.sentinels, mask: fits ? mask.values : null }];
  }

  /** One request however many ask; every frame of a stack needs it, so it is fetched to the end. */
  private mask(url: string): Promise<Frame> {
    const known = this.masks.get(url);
    if (known) return Promise.resolve(known);
    const flight = this.maskFlights.get(url) ?? this.fetchMask(url);
    this.maskFlights.set(url, flight);
    return flight;
  }

  private async fetchMask(url: string): Promise<Frame> {
    try {
      const received = await this.fetcher(url, new AbortController().signal);
      const loaded = toFrame(received, { url, part: null, transposed: false });
      // One byte per pixel: a quarter of the memory of the usual 32-bit masks.
      const values = Uint8Array.from(loaded.values.subarray(0, loaded.rows * loaded.columns), (flags) => (flags === 0 ? 0 : 1));
      const mask = { ...loaded, values };
      this.masks.set(url, mask, values.byteLength);
      return mask;
    } finally {
      this.maskFlights.delete(url);
    }
  }

  async render(
    source: FrameSource,
    ruleSource: RuleSource,
    wanted: Block | null,
    factor: number,
    signal: AbortSignal,
  ): Promise<Rendered> {
    const [frame, rules] = await this.frameAndRules(source, ruleSource, signal);
    const block = clipBlock(wanted, frame);
    const pooled = maxPool(frame.values, frame.columns, block, factor, rules);
    return { ...pooled, block, factor, frameRows: frame.rows, frameColumns: frame.columns };
  }

  /** Statistics and contrast of a region (null: the whole frame). */
  async describe(
    source: FrameSource,
    ruleSource: RuleSource,
    region: Block | null,
    log: boolean,
    signal: AbortSignal,
  ): Promise<Description> {
    const [frame, rules] = await this.frameAndRules(source, ruleSource, signal);
    const block = clipBlock(region, frame);
    const values = sampleBlock(frame.values, frame.columns, block, rules);
    const summary = statistics(values);
    let positive = Infinity;
    for (const value of values) if (value > 0 && value < positive) positive = value;
    const low = log ? positive : (summary?.minimum ?? 0);
    return {
      statistics: summary,
      masked: block.rows * block.columns - values.length,
      positiveMinimum: Number.isFinite(positive) ? positive : null,
      percentiles: this.percentiles(values),
      histogram: histogram(values, [low, summary?.maximum ?? 1], 96, log),
    };
  }

  private percentiles(values: Float64Array): Record<string, number> {
    const step = Math.max(1, Math.ceil(values.length / SAMPLES_FOR_CONTRAST));
    const sample = step === 1 ? values : values.filter((_, index) => index % step === 0);
    const found = percentiles(sample, PERCENTILES);
    return Object.fromEntries(PERCENTILES.map((percent, index) => [String(percent), found[index] ?? NaN]));
  }

  /** The stored number at a pixel; NaN outside the frame. */
  async value(source: FrameSource, row: number, column: number, signal: AbortSignal): Promise<number> {
    const frame = await this.frame(source, signal);
    if (row < 0 || column < 0 || row >= frame.rows || column >= frame.columns) return NaN;
    return frame.values[row * frame.columns + column] ?? NaN;
  }

  async profile(
    source: FrameSource,
    ruleSource: RuleSource,
    segment: Segment,
    width: number,
    signal: AbortSignal,
  ): Promise<Profile> {
    const [frame, rules] = await this.frameAndRules(source, ruleSource, signal);
    return lineProfile(frame.values, frame.rows, frame.columns, segment, width, rules);
  }

  /** Run lengths of the pixels outside [low, high] or without value. */
  async threshold(
    source: FrameSource,
    ruleSource: RuleSource,
    low: number | null,
    high: number | null,
    signal: AbortSignal,
  ): Promise<number[]> {
    const frame = await this.frame(source, signal);
    const sentinels = new Set(ruleSource.sentinels);
    const mask = emptyMask(frame.rows, frame.columns);
    paintThreshold(mask, Float64Array.from(frame.values, (v) => (sentinels.has(v) ? NaN : v)), low, high);
    return encodeRuns(mask.bytes);
  }
}

function clipBlock(block: Block | null, frame: Frame): Block {
  if (!block) return { row: 0, column: 0, rows: frame.rows, columns: frame.columns };
  const row = Math.min(Math.max(Math.floor(block.row), 0), Math.max(frame.rows - 1, 0));
  const column = Math.min(Math.max(Math.floor(block.column), 0), Math.max(frame.columns - 1, 0));
  const rows = Math.max(1, Math.min(Math.ceil(block.row + block.rows), frame.rows) - row);
  const columns = Math.max(1, Math.min(Math.ceil(block.column + block.columns), frame.columns) - column);
  return { row, column, rows, columns };
}

function toFrame(received: ReceivedArray, source: FrameSource): Frame {
  const shape = received.shape.length >= 2 ? received.shape.slice(-2) : [1, ...received.shape];
  const [rows = 1, columns = 1] = shape;
  const values = source.part ? complexPart(received.values, source.part) : received.values;
  const frame = { values, rows, columns, dtype: received.dtype };
  return source.transposed ? transpose(frame) : frame;
}

function transpose(frame: Frame): Frame {
  const { values, rows, columns } = frame;
  const result = values.slice();
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c] ?? NaN;
  return { values: result, rows: columns, columns: rows, dtype: frame.dtype };
}

/** Values that mean 'no value' in an image of this type, besides what the server's statistics say. */
export function sentinelsOf(dtype: string, fromServer: number | null | undefined): number[] {
  const maximum = unsignedMaximum(dtype);
  const found = new Set<number>();
  if (typeof fromServer === 'number') found.add(fromServer);
  // 8-bit images use their whole range; detectors with gaps have 16 or 32 bits.
  if (maximum !== null && maximum > 65_535) found.add(maximum);
  // Pilatus writes both: -1 for gaps, -2 for dead pixels; the server tells the lower one.
  if (fromServer === -1) found.add(-2);
  if (fromServer === -2) found.add(-1);
  return [...found].slice(0, 2);
}
