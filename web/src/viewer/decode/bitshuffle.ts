/**
 * Decodes chunks as they lie in the file (Bitshuffle with LZ4), with the WebAssembly of `decoder/bitshuffle.ts`.
 *
 * A chunk begins with the size of its decoded bytes (8 bytes) and of a decoded block (4 bytes), both big-endian. The
 * decoder's memory is kept and used again: it grows to what the largest chunk needs and holds nothing between calls.
 */

import address from '../../../decoder/build/bitshuffle.wasm?url';

export const STORED_LZ4 = 'application/vnd.pandaas.bitshuffle-lz4';
const HEAD_BYTES = 12;
const PAGE = 65536;
const ALIGNED = 16;
const LARGEST = 1 << 30;

interface Exports {
  readonly memory: WebAssembly.Memory;
  decode(
    source: number,
    sourceEnd: number,
    target: number,
    elements: number,
    itemsize: number,
    block: number,
    scratch: number,
  ): number;
}

export class BrokenChunk extends Error {
  override readonly name = 'BrokenChunk';
}

export class Decoder {
  private constructor(private readonly wasm: Exports) {}

  static async of(module: BufferSource): Promise<Decoder> {
    const { instance } = await WebAssembly.instantiate(module, {});
    return new Decoder(instance.exports as unknown as Exports);
  }

  /** The decoded bytes, in memory of their own; `length` is what they must be, `itemsize` the bytes of an element. */
  decode(stored: Uint8Array, length: number, itemsize: number): ArrayBuffer {
    if (stored.byteLength < HEAD_BYTES || length > LARGEST) throw new BrokenChunk('The chunk has no head.');
    const head = new DataView(stored.buffer, stored.byteOffset, HEAD_BYTES);
    const block = head.getUint32(8) / itemsize;
    if (Number(head.getBigUint64(0)) !== length || !Number.isInteger(block) || block < 8 || block % 8 !== 0 || length % itemsize !== 0) {
      throw new BrokenChunk('The chunk’s head doesn’t fit the array.');
    }
    const source = 0;
    const scratch = aligned(stored.byteLength - HEAD_BYTES + ALIGNED);
    const target = aligned(scratch + 2 * Math.min(block * itemsize, length + 8 * itemsize) + ALIGNED);
    this.makeRoom(target + length + ALIGNED);
    const memory = new Uint8Array(this.wasm.memory.buffer);
    memory.set(stored.subarray(HEAD_BYTES), source);
    const blockElements = Math.min(block, length / itemsize + 8);
    const end = source + stored.byteLength - HEAD_BYTES;
    const failed = this.wasm.decode(source, end, target, length / itemsize, itemsize, blockElements & ~7, scratch);
    if (failed !== 0) throw new BrokenChunk('The chunk doesn’t decode.');
    return this.wasm.memory.buffer.slice(target, target + length);
  }

  private makeRoom(bytes: number): void {
    const missing = bytes - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / PAGE));
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNED) * ALIGNED;
}

let loading: Promise<Decoder | null> | null = null;

/** The decoder, loaded once; null in a browser that can't run it, which then asks for values instead. */
export function decoder(): Promise<Decoder | null> {
  loading ??= fetch(address, { credentials: 'same-origin' })
    .then((response) => (response.ok ? response.arrayBuffer() : Promise.reject(new Error(response.statusText))))
    .then((bytes) => Decoder.of(bytes))
    .catch(() => null);
  return loading;
}
