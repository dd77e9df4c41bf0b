/// <reference types="node" />
import { readFileSync } from 'node:fs';

import { beforeAll, describe, expect, it } from 'vitest';

import { BrokenChunk, Decoder } from './bitshuffle';
import cases from './chunks.json';

/** Chunks written by hdf5plugin; element i holds (i * 7919) % 251, every fifth run of 64 is 0. */
const expected = (index: number): number => (Math.floor(index / 64) % 5 === 0 ? 0 : (index * 7919) % 251);
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));
const TYPES = { '|u1': Uint8Array, '<u2': Uint16Array, '<u4': Uint32Array, '<f4': Float32Array, '<f8': Float64Array };

function of(dtype: string): { count: number; chunk: Uint8Array }[] {
  return cases.filter((one) => one.dtype === dtype).map(({ count, stored }) => ({ count, chunk: bytesOf(stored) }));
}

let decoder: Decoder;
beforeAll(async () => {
  decoder = await Decoder.of(readFileSync('decoder/build/bitshuffle.wasm'));
});

describe('Decoder', () => {
  it.each(cases)('$dtype, $count elements in blocks of $block', ({ dtype, count, stored }) => {
    const make = TYPES[dtype as keyof typeof TYPES];
    const decoded = decoder.decode(bytesOf(stored), count * make.BYTES_PER_ELEMENT, make.BYTES_PER_ELEMENT);
    const values = new make(decoded);
    expect(values.length).toBe(count);
    expect(Array.from(values).findIndex((value, index) => value !== expected(index))).toBe(-1);
  });

  it('gives memory of its own, that the next chunk leaves alone', () => {
    const [first] = of('<u2').map(({ count, chunk }) => new Uint16Array(decoder.decode(chunk, count * 2, 2)));
    expect(first?.[65]).toBe(expected(65));
  });

  it('refuses chunks that are cut, longer, or say another size', () => {
    const [{ count, chunk: whole } = { count: 0, chunk: new Uint8Array() }] = of('<u4');
    for (const wrong of [whole.subarray(0, 8), whole.subarray(0, 40), whole.subarray(0, -1), Uint8Array.from([...whole, 0])]) {
      expect(() => decoder.decode(wrong, count * 4, 4)).toThrow(BrokenChunk);
    }
    expect(() => decoder.decode(whole, count * 4 + 4, 4)).toThrow(BrokenChunk);
  });

  it('survives damaged bytes', () => {
    const [{ count, chunk: whole } = { count: 0, chunk: new Uint8Array() }] = of('<u4');
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 3000; round++) {
      const damaged = whole.slice();
      damaged[12 + random(whole.length - 12)] = random(256);
      try {
        expect(decoder.decode(damaged, count * 4, 4).byteLength).toBe(count * 4);
      } catch (error) {
        expect(error).toBeInstanceOf(BrokenChunk);
      }
    }
  });
});
