/**
 * The head of a Bitshuffle chunk: the size of its decoded bytes (8 bytes) and of a decoded block (4 bytes), big-endian.
 * https://github.com/kiyo-masui/bitshuffle, `bshuf_h5filter.c`.
 */

import { BrokenChunk } from './slot';

export const HEAD_BYTES = 12;
const LARGEST = 1 << 30;
/** Elements that are shuffled together. */
const MULTIPLE = 8;

/** Throws `BrokenChunk` for more bytes than are decoded here. */
export function checkSize(bytes: number): void {
  if (bytes > LARGEST) throw new BrokenChunk('The chunk is too large.');
}

/** Elements of a block, at most as many as the chunk has. Throws `BrokenChunk` where the head doesn't fit the array. */
export function blockElements(stored: Uint8Array, count: number, itemsize: number): number {
  const length = count * itemsize;
  if (stored.byteLength < HEAD_BYTES || length > LARGEST) throw new BrokenChunk('The chunk has no head.');
  const head = new DataView(stored.buffer, stored.byteOffset, HEAD_BYTES);
  const block = head.getUint32(8) / itemsize;
  const fits = Number(head.getBigUint64(0)) === length && Number.isInteger(block);
  if (!fits || block < MULTIPLE || block % MULTIPLE !== 0) throw new BrokenChunk('The chunk’s head doesn’t fit the array.');
  return Math.min(block, count + MULTIPLE) & ~(MULTIPLE - 1);
}
