/**
 * Frames in memory and everything computed from their pixels. Lives in a worker, so the page stays responsive; raw frames
 * never cross to the page, only the pixels of the screen and small answers do.
 *
 * Answers are kept as they came, compressed where the file is; a few of them are decoded, into slots that are used again. The
 * pixels of the screen travel in buffers that the page gives back. So memory stays flat however many frames are looked at.
 */

import { complexPart, type ComplexPart } from '../core/complex';
import { decode, parseDtype, unsignedMaximum } from '../core/dtype';
import { ByteLru } from '../core/lru';
import type { NumericArray } from '../core/numbers';
import { sampleBlock, type Block, type PixelRules, type Pooled } from '../core/pool';
import { lineProfile, type Profile, type Segment } from '../core/profile';
import { histogram, percentiles, statistics, type Histogram, type Statistics } from '../core/statistics';
import { emptyMask, encodeRuns, paintThreshold } from '../core/mask';
import { BrokenChunk, KINDS, pooledShape, type Slot } from '../decode/slot';
import { DecodedFrames, type Frame, type Origin } from './decodedFrames';
import type { Payload } from './requests';

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

export interface Rendered extends Pooled {
  readonly block: Block;
  readonly factor: number;
  readonly frameRows: number;
  readonly frameColumns: number;
  readonly cost: Cost;
}

/** What frames have cost so far: counts only grow while memory that was there could not be used again. */
export interface Cost extends Origin {
  /** Frames decoded, slots and buffers made, bytes held by all slots; since the worker began. */
  readonly decoded: number;
  readonly slots: number;
  readonly buffers: number;
  readonly held: number;
}

export interface Description {
  readonly statistics: Statistics | null;
  readonly masked: number;
  readonly positiveMinimum: number | null;
  readonly percentiles: Record<string, number>;
  readonly histogram: Histogram;
}

/** Fetches what `url` answers; `stored` allows a stored chunk; frames that may be wanted later come behind those that are. */
export type Fetcher = (url: string, signal: AbortSignal, how: { stored: boolean; later: boolean }) => Promise<Payload>;

interface Flight {
  readonly promise: Promise<Payload>;
  readonly controller: AbortController;
  waiting: number;
}

interface Limits {
  /** Bytes of answers as they came. */
  readonly payloads: number;
  /** Bytes of decoded frames. */
  readonly decoded: number;
}

const PERCENTILES = [0.1, 0.5, 1, 5, 50, 95, 99, 99.5, 99.9];
const SAMPLES_FOR_CONTRAST = 250_000;
const SPARE_BUFFERS = 4;

export class FrameStore {
  private readonly payloads: ByteLru<Payload>;
  private readonly frames: DecodedFrames;
  private readonly masks = new ByteLru<Mask>(64e6);
  private readonly maskFlights = new Map<string, Promise<Mask>>();
  private readonly flights = new Map<string, Flight>();
  private readonly spare: Float32Array[] = [];
  private buffers = 0;

  constructor(
    private readonly fetcher: Fetcher,
    makeSlot: () => Slot,
    limits: Limits = { payloads: 64e6, decoded: 128e6 },
  ) {
    this.payloads = new ByteLru(limits.payloads);
    this.frames = new DecodedFrames(makeSlot, limits.decoded);
  }

  /** Bytes held for frames, decoded and not. */
  get bytes(): number {
    return this.payloads.bytes + this.frames.held;
  }

  /** Decoded; from memory or the server. It may be gone after the caller has waited for something else. */
  async frame(source: FrameSource, signal: AbortSignal): Promise<Frame> {
    const key = `${source.url} ${source.part ?? ''} ${source.transposed}`;
    const known = this.frames.get(key);
    if (known) return known;
    const how = { stored: source.part === null, later: false };
    const payload = await this.payload(source.url, signal, how);
    signal.throwIfAborted();
    try {
      return this.frames.get(key) ?? this.decoded(key, source, payload);
    } catch (error) {
      if (!(error instanceof BrokenChunk)) throw error;
      // The server says what is wrong with the chunk, or has a decoder for it.
      this.payloads.delete(source.url);
      const plain = await this.payload(source.url, signal, { ...how, stored: false });
      return this.frames.get(key) ?? this.decoded(key, source, plain);
    }
  }

  /** Fetch what will be wanted; decoding it waits until it is. */
  async prefetch(source: FrameSource, signal: AbortSignal): Promise<null> {
    await this.payload(source.url, signal, { stored: source.part === null, later: true });
    return null;
  }

  private decoded(key: string, source: FrameSource, payload: Payload): Frame {
    const [rows = 1, columns = 1] = payload.shape.length >= 2 ? payload.shape.slice(-2) : [1, ...payload.shape];
    const turned = source.transposed ? { rows: columns, columns: rows } : { rows, columns };
    const { bytes, took, codec } = payload;
    const origin = { bytes: bytes.byteLength, took, stored: codec !== null };
    return this.frames.make(key, { ...turned, origin }, (slot) => fillSlot(slot, payload, source, rows, columns));
  }

  /** One request however many ask, aborted when nobody waits any more. */
  private async payload(url: string, signal: AbortSignal, how: { stored: boolean; later: boolean }): Promise<Payload> {
    const known = this.payloads.get(url);
    if (known) return known;
    signal.throwIfAborted();
    const flight = this.flights.get(url) ?? this.depart(url, how);
    flight.waiting++;
    const leave = () => {
      if (--flight.waiting > 0) return;
      if (this.flights.get(url) === flight) this.flights.delete(url);
      flight.controller.abort();
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await flight.promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  private depart(url: string, how: { stored: boolean; later: boolean }): Flight {
    const controller = new AbortController();
    const promise = this.fetcher(url, controller.signal, how)
      .then((payload) => {
        this.payloads.set(url, payload, payload.bytes.byteLength);
        return payload;
      })
      .finally(() => {
        if (this.flights.get(url) === flight) this.flights.delete(url);
      });
    const flight: Flight = { promise, controller, waiting: 0 };
    this.flights.set(url, flight);
    return flight;
  }

  /** The frame and which of its pixels count; both are fetched at once. */
  private async frameAndRules(source: FrameSource, wanted: RuleSource, signal: AbortSignal): Promise<[Frame, PixelRules]> {
    const [first, mask] = await Promise.all([
      this.frame(source, signal),
      wanted.maskUrl === null ? null : this.mask(wanted.maskUrl),
    ]);
    signal.throwIfAborted();
    // Other frames may have taken its slot while the mask was on its way.
    const frame = first.gone ? await this.frame(source, signal) : first;
    const fits = mask !== null && mask.rows === frame.rows && mask.columns === frame.columns;
    return [frame, { sentinels: wanted.sentinels, mask: fits ? mask.values : null }];
  }

  /** One request however many ask; every frame of a stack needs it, so it is fetched to the end. */
  private mask(url: string): Promise<Mask> {
    const known = this.masks.get(url);
    if (known) return Promise.resolve(known);
    const flight = this.maskFlights.get(url) ?? this.fetchMask(url);
    this.maskFlights.set(url, flight);
    return flight;
  }

  private async fetchMask(url: string): Promise<Mask> {
    try {
      const { rows, columns, values } = await this.frame({ url, part: null, transposed: false }, new AbortController().signal);
      // One byte per pixel: a quarter of the memory of the usual 32-bit masks.
      const mask = { rows, columns, values: Uint8Array.from(values, (flags) => (flags === 0 ? 0 : 1)) };
      this.masks.set(url, mask, mask.values.byteLength);
      return mask;
    } finally {
      this.maskFlights.delete(url);
    }
  }

  /** Give the pixels of a render back, to be used for another. */
  recycle(pixels: Float32Array): void {
    this.spare.push(pixels);
    if (this.spare.length > SPARE_BUFFERS) this.spare.shift();
  }

  private pixels(length: number): Float32Array {
    const found = this.spare.findIndex((one) => one.length === length);
    if (found >= 0) return this.spare.splice(found, 1)[0] ?? new Float32Array(length);
    this.buffers++;
    return new Float32Array(length);
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
    const { rows, columns } = pooledShape(block, factor);
    const values = this.pixels(rows * columns);
    frame.pool(block, factor, rules, values);
    return { values, rows, columns, block, factor, frameRows: frame.rows, frameColumns: frame.columns, cost: this.cost(frame) };
  }

  private cost(frame: Frame): Cost {
    const { made, slots, held } = this.frames;
    return { ...frame.origin, decoded: made, slots, buffers: this.buffers, held };
  }

  /** Statistics and contrast of a region (null: the whole frame), from about `limit` of its pixels. */
  async describe(
    source: FrameSource,
    ruleSource: RuleSource,
    region: Block | null,
    log: boolean,
    signal: AbortSignal,
    limit = Infinity,
  ): Promise<Description> {
    const [frame, rules] = await this.frameAndRules(source, ruleSource, signal);
    const block = clipBlock(region, frame);
    const values = sampleBlock(frame.values, frame.columns, block, rules, limit);
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

interface Mask {
  readonly values: Uint8Array;
  readonly rows: number;
  readonly columns: number;
}

/** Decode an answer of `rows` × `columns` numbers and turn it as it is shown. */
function fillSlot(slot: Slot, payload: Payload, source: FrameSource, rows: number, columns: number): void {
  const { bytes, codec, dtype } = payload;
  if (codec === null) {
    const received = decode(bytes, dtype);
    slot.fill(source.part ? complexPart(received, source.part) : received);
  } else {
    const code = parseDtype(dtype)?.code;
    const kind = KINDS.find((known) => known === code);
    if (!kind) throw new BrokenChunk(`Chunks of ${dtype} are not decoded here.`);
    slot.decode(new Uint8Array(bytes), codec, kind, rows * columns);
  }
  if (source.transposed) slot.fill(transposed(slot.values(), rows, columns));
}

function transposed(values: NumericArray, rows: number, columns: number): NumericArray {
  const result = values.slice();
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c] ?? NaN;
  return result;
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
