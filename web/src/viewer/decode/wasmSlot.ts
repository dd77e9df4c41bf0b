/**
 * A slot in the memory of the WebAssembly of `decoder/`. Each has an instance of its own, so that it grows and goes away by
 * itself. The frame lies at the beginning; behind it is room for what decoding and reducing need for a moment.
 */

import address from '../../../decoder/build/frames.wasm?url';
import type { NumericArray } from '../core/numbers';
import type { Block, PixelRules } from '../core/pool';
import { blockElements, checkSize, HEAD_BYTES } from './chunkHead';
import { BrokenChunk, CODECS, ITEM_BYTES, KINDS, kindOf, pooledShape, viewOf, type Codec, type Kind, type Slot } from './slot';

const PAGE = 65536;
/** Distance of areas, and what may be read beyond the end of each. */
const MARGIN = 64;

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Bytes of the tables of Zstandard, and of any decoder that `unfilter` has. */
  readonly WORK: WebAssembly.Global<'i32'>;
  readonly TABLES: WebAssembly.Global<'i32'>;
  decode(
    source: number,
    sourceEnd: number,
    target: number,
    elements: number,
    itemsize: number,
    block: number,
    scratch: number,
    zstandard: boolean,
  ): number;
  unfilter(
    source: number,
    sourceEnd: number,
    target: number,
    elements: number,
    itemsize: number,
    scratch: number,
    tables: number,
    method: number,
    shuffled: boolean,
  ): number;
  pool(
    values: number,
    kind: number,
    width: number,
    rows: number,
    columns: number,
    factor: number,
    mask: number,
    known: number,
    first: number,
    second: number,
    row: number,
    out: number,
  ): void;
}

type BitshuffleCodec = 'bitshuffle-lz4' | 'bitshuffle-zstd';

/** What `unfilter` (decoder/filters.ts) calls its ways. */
const METHODS: Readonly<Record<Exclude<Codec, BitshuffleCodec>, number>> = {
  shuffle: 0,
  lz4: 1,
  'shuffle-lz4': 1,
  zstd: 2,
  'shuffle-zstd': 2,
  gzip: 3,
  'shuffle-gzip': 3,
};

export class WasmSlot implements Slot {
  static readonly codecs: readonly Codec[] = CODECS;
  private kind: Kind = 'u1';
  private count = 0;

  private constructor(private readonly wasm: Exports) {}

  /** Makes slots; throws where WebAssembly with SIMD can't run. */
  static async maker(code: BufferSource): Promise<() => WasmSlot> {
    const module = await WebAssembly.compile(code);
    return () => new WasmSlot(new WebAssembly.Instance(module, {}).exports as unknown as Exports);
  }

  get held(): number {
    return this.wasm.memory.buffer.byteLength;
  }

  decode(stored: Uint8Array, codec: Codec, kind: Kind, count: number): void {
    if (codec === 'bitshuffle-lz4' || codec === 'bitshuffle-zstd') this.decodeBlocks(stored, codec, kind, count);
    else this.unfilter(stored, codec, kind, count);
  }

  private unfilter(stored: Uint8Array, codec: Exclude<Codec, BitshuffleCodec>, kind: Kind, count: number): void {
    const itemsize = ITEM_BYTES[kind];
    const shuffled = codec.startsWith('shuffle');
    checkSize(count * itemsize);
    const source = this.hold(kind, count);
    const end = source + stored.byteLength;
    const scratch = after(source, stored.byteLength);
    const tables = after(scratch, shuffled ? count * itemsize : 0);
    this.makeRoom(after(tables, this.wasm.TABLES.value));
    this.memory().set(stored, source);
    const failed = this.wasm.unfilter(source, end, 0, count, itemsize, scratch, tables, METHODS[codec], shuffled);
    if (failed !== 0) throw new BrokenChunk('The chunk doesn’t decode.');
  }

  private decodeBlocks(stored: Uint8Array, codec: BitshuffleCodec, kind: Kind, count: number): void {
    const itemsize = ITEM_BYTES[kind];
    const block = blockElements(stored, count, itemsize);
    const source = this.hold(kind, count);
    const scratch = after(source, stored.byteLength - HEAD_BYTES);
    const zstandard = codec === 'bitshuffle-zstd';
    this.makeRoom(after(scratch, 2 * block * itemsize + (zstandard ? this.wasm.WORK.value + MARGIN : 0)));
    this.memory().set(stored.subarray(HEAD_BYTES), source);
    const end = source + stored.byteLength - HEAD_BYTES;
    const failed = this.wasm.decode(source, end, 0, count, itemsize, block, scratch, zstandard);
    if (failed !== 0) throw new BrokenChunk('The chunk doesn’t decode.');
  }

  fill(values: NumericArray): void {
    this.makeRoom(this.hold(kindOf(values), values.length));
    this.values().set(values);
  }

  values(): NumericArray {
    return viewOf(this.kind, this.wasm.memory.buffer, 0, this.count);
  }

  pool(width: number, block: Block, factor: number, rules: PixelRules, into: Float32Array): void {
    const { kind, count } = this;
    const mask = after(0, count * ITEM_BYTES[kind]);
    const row = rules.mask === null ? mask : after(mask, count);
    const out = after(row, (block.columns + 8 * factor) * 4);
    this.makeRoom(after(out, into.byteLength));
    if (rules.mask !== null) this.memory().set(rules.mask, mask);
    const first = block.row * width + block.column;
    const sentinels = rules.sentinels.filter((value) => belongs(value, kind));
    const [one = NaN, two = one] = sentinels;
    this.wasm.pool(
      first * ITEM_BYTES[kind],
      KINDS.indexOf(kind),
      width,
      block.rows,
      block.columns,
      factor,
      rules.mask === null ? 0 : mask + first,
      sentinels.length > 0 ? 1 : 0,
      one,
      two,
      row,
      out,
    );
    const { rows, columns } = pooledShape(block, factor);
    into.set(new Float32Array(this.wasm.memory.buffer, out, rows * columns));
  }

  /** Says what the frame will be; where the room behind it begins. */
  private hold(kind: Kind, count: number): number {
    this.kind = kind;
    this.count = count;
    return after(0, count * ITEM_BYTES[kind]);
  }

  private memory(): Uint8Array {
    return new Uint8Array(this.wasm.memory.buffer);
  }

  private makeRoom(bytes: number): void {
    const missing = bytes - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / PAGE));
  }
}

function after(start: number, bytes: number): number {
  return Math.ceil((start + bytes + MARGIN) / MARGIN) * MARGIN;
}

const RANGES: Partial<Record<Kind, readonly [number, number]>> = {
  u1: [0, 255],
  i1: [-128, 127],
  u2: [0, 65535],
  i2: [-32768, 32767],
  u4: [0, 4294967295],
  i4: [-2147483648, 2147483647],
};

/** Whether a number of this kind can have the value. */
function belongs(value: number, kind: Kind): boolean {
  const range = RANGES[kind];
  return range === undefined || (Number.isInteger(value) && value >= range[0] && value <= range[1]);
}

/** The code as it is served. */
export async function wasmSlots(): Promise<() => WasmSlot> {
  const response = await fetch(address, { credentials: 'same-origin' });
  if (!response.ok) throw new Error(response.statusText);
  return WasmSlot.maker(await response.arrayBuffer());
}
