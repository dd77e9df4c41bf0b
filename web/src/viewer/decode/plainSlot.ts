/** A slot without WebAssembly, for browsers that have none or are told not to: ten times slower, the same results. */

import type { NumericArray } from '../core/numbers';
import { maxPool, type Block, type PixelRules } from '../core/pool';
import { blockElements, checkSize, HEAD_BYTES } from './chunkHead';
import { lz4, lz4Chunk } from './lz4';
import { BrokenChunk, ITEM_BYTES, kindOf, viewOf, type Codec, type Kind, type Slot } from './slot';
import { unshuffle, weave } from './unshuffle';

export class PlainSlot implements Slot {
  static readonly codecs: readonly Codec[] = ['bitshuffle-lz4', 'lz4', 'shuffle-lz4', 'shuffle'];
  private buffer = new ArrayBuffer(0);
  private scratch = new Uint8Array(0);
  private kind: Kind = 'u1';
  private count = 0;

  get held(): number {
    return this.buffer.byteLength + this.scratch.byteLength;
  }

  decode(stored: Uint8Array, codec: Codec, kind: Kind, count: number): void {
    if (codec === 'bitshuffle-lz4') this.decodeBlocks(stored, kind, count);
    else if (PlainSlot.codecs.includes(codec)) this.unfilter(stored, codec, kind, count);
    else throw new BrokenChunk(`Nothing decodes ${codec} here.`);
  }

  private unfilter(stored: Uint8Array, codec: Codec, kind: Kind, count: number): void {
    const itemsize = ITEM_BYTES[kind];
    const shuffled = codec.startsWith('shuffle');
    checkSize(count * itemsize);
    this.hold(kind, count);
    const target = new Uint8Array(this.buffer, 0, count * itemsize);
    if (shuffled && this.scratch.byteLength < target.length) this.scratch = new Uint8Array(target.length);
    const planes = shuffled ? this.scratch.subarray(0, target.length) : target;
    if (codec !== 'shuffle') {
      if (!lz4Chunk(stored, planes)) throw new BrokenChunk('The chunk doesn’t decode.');
    } else if (stored.length === planes.length) planes.set(stored);
    else throw new BrokenChunk('The chunk has another size.');
    if (shuffled) weave(planes, itemsize, target);
  }

  private decodeBlocks(stored: Uint8Array, kind: Kind, count: number): void {
    const itemsize = ITEM_BYTES[kind];
    const block = blockElements(stored, count, itemsize);
    this.hold(kind, count);
    const target = new Uint8Array(this.buffer, 0, count * itemsize);
    if (this.scratch.byteLength < block * itemsize) this.scratch = new Uint8Array(block * itemsize);
    const words = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
    const rest = count % 8;
    const whole = count - rest;
    let at = HEAD_BYTES;
    for (let done = 0; done < whole; done += block) {
      const elements = Math.min(block, whole - done);
      if (at + 4 > stored.byteLength) throw new BrokenChunk('The chunk ends too early.');
      const end = at + 4 + words.getUint32(at);
      if (end > stored.byteLength) throw new BrokenChunk('The chunk ends too early.');
      const planes = this.scratch.subarray(0, elements * itemsize);
      if (!lz4(stored.subarray(at + 4, end), planes)) throw new BrokenChunk('The chunk doesn’t decode.');
      unshuffle(planes, itemsize, target.subarray(done * itemsize, (done + elements) * itemsize));
      at = end;
    }
    if (stored.byteLength - at !== rest * itemsize) throw new BrokenChunk('The chunk has another size.');
    target.set(stored.subarray(at), whole * itemsize);
  }

  fill(values: NumericArray): void {
    this.hold(kindOf(values), values.length);
    this.values().set(values);
  }

  values(): NumericArray {
    return viewOf(this.kind, this.buffer, 0, this.count);
  }

  pool(width: number, block: Block, factor: number, rules: PixelRules, into: Float32Array): void {
    maxPool(this.values(), width, block, factor, rules, into);
  }

  private hold(kind: Kind, count: number): void {
    const bytes = count * ITEM_BYTES[kind];
    if (this.buffer.byteLength < bytes) this.buffer = new ArrayBuffer(bytes);
    this.kind = kind;
    this.count = count;
  }
}
