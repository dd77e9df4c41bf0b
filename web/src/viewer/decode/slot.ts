/** Memory for one decoded frame, used again for the next: what is in it is decoded, read and reduced in place. */

import type { NumericArray } from '../core/numbers';
import type { Block, PixelRules } from '../core/pool';

/** What stored chunks went through; the server names them so (`codecs/stored.py`). */
export const CODECS = [
  'bitshuffle-lz4',
  'bitshuffle-zstd',
  'gzip',
  'shuffle-gzip',
  'lz4',
  'shuffle-lz4',
  'zstd',
  'shuffle-zstd',
  'shuffle',
] as const;
export type Codec = (typeof CODECS)[number];

/** The media type of such a chunk. */
export const mediaType = (codec: Codec): string => `application/vnd.pandaas.${codec}`;

/** The bytes are no whole chunk of this kind. */
export class BrokenChunk extends Error {
  override readonly name = 'BrokenChunk';
}

/** Types of numbers that slots hold, by their NumPy codes; other numbers are converted before. */
export const KINDS = ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'f4', 'f8'] as const;
export type Kind = (typeof KINDS)[number];

type ViewConstructor = new (buffer: ArrayBufferLike, offset: number, length: number) => NumericArray;

const VIEWS: Record<Kind, ViewConstructor> = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  f4: Float32Array,
  f8: Float64Array,
};

export const ITEM_BYTES: Record<Kind, number> = { u1: 1, i1: 1, u2: 2, i2: 2, u4: 4, i4: 4, f4: 4, f8: 8 };

export function viewOf(kind: Kind, buffer: ArrayBufferLike, offset: number, length: number): NumericArray {
  return new VIEWS[kind](buffer, offset, length);
}

/** The kind of a typed array. */
export function kindOf(values: NumericArray): Kind {
  const found = KINDS.find((kind) => values.constructor === VIEWS[kind]);
  if (!found) throw new TypeError('Frames hold numbers of 8 to 64 bits.');
  return found;
}

export interface Slot {
  /** Decode a chunk as it is stored to `count` numbers. Throws `BrokenChunk`. */
  decode(stored: Uint8Array, codec: Codec, kind: Kind, count: number): void;
  /** Take numbers over. */
  fill(values: NumericArray): void;
  /** The numbers; not to be kept: the next call of any method here takes them away. */
  values(): NumericArray;
  /** `maxPool` of the frame, whose rows have `width` numbers, into `into`, which has exactly the room for it. */
  pool(width: number, block: Block, factor: number, rules: PixelRules, into: Float32Array): void;
  /** Bytes that are held. */
  readonly held: number;
}

/** How many numbers a block has when it is reduced by `factor`. */
export function pooledShape(block: Block, factor: number): { rows: number; columns: number } {
  return { rows: Math.ceil(block.rows / factor), columns: Math.ceil(block.columns / factor) };
}
