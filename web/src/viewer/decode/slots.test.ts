/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';

import { beforeAll, describe, expect, it } from 'vitest';

import { maxPool } from '../core/pool';
import cases from './chunks.json';
import { PlainSlot } from './plainSlot';
import { BrokenChunk, KINDS, pooledShape, viewOf, type Codec, type Kind, type Slot } from './slot';
import { WasmSlot } from './wasmSlot';

/** What element i of a chunk in chunks.json holds; hdf5plugin wrote them. */
const PATTERNS: Record<string, (index: number) => number> = {
  cycle: (index) => (Math.floor(index / 64) % 5 === 0 ? 0 : (index * 7919) % 251),
  /** Mostly small numbers, few large ones, like a detector's counts. */
  counts: (index) => {
    let hash = Math.imul(index, 2654435761);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 2246822519);
    hash ^= hash >>> 13;
    const few = [1, 4, 16, 64].filter((bit) => (hash & bit) !== 0).length;
    return hash >>> 24 === 7 ? (hash >>> 16) & 255 : few;
  },
};
const CHUNKS = cases.map(({ dtype, codec, pattern, count, block, stored }) => ({
  pattern,
  kind: dtype.slice(1) as Kind,
  codec: codec as Codec,
  count,
  block,
  stored: Uint8Array.from(Buffer.from(stored, 'base64')),
}));
const first = (codec: Codec) => CHUNKS.find((chunk) => chunk.kind === 'u4' && chunk.codec === codec && chunk.count > 500);

function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48271) % 2147483647) % below;
}

let wasm: () => WasmSlot;
beforeAll(async () => {
  wasm = await WasmSlot.maker(readFileSync('decoder/build/frames.wasm'));
});

describe('streams of zlib', () => {
  const count = 4000;
  const values = Uint16Array.from({ length: count }, (_, index) => PATTERNS.counts?.(index) ?? 0);
  const stream = new Uint8Array(deflateSync(new Uint8Array(values.buffer)));

  it('take no more memory than the frame, whatever they say', () => {
    const slot = wasm();
    slot.decode(stream, 'gzip', 'u2', count);
    const { held } = slot;
    const bomb = new Uint8Array(deflateSync(new Uint8Array(50e6)));
    expect(() => slot.decode(bomb, 'gzip', 'u2', count)).toThrow(BrokenChunk);
    expect(() => slot.decode(bomb, 'shuffle-gzip', 'u2', count)).toThrow(BrokenChunk);
    expect(slot.held - held).toBeLessThan(200_000);
  });

  it('are taken where zlib takes them, and give the same', () => {
    const random = randomOf(3);
    const slot = wasm();
    const differing: string[] = [];
    for (let round = 0; round < 1000; round++) {
      const damaged = stream.slice(0, random(8) === 0 ? random(stream.length) : stream.length);
      for (let times = random(3); times > 0; times--) damaged[random(damaged.length)] = random(256);
      if (decodedBy(slot, damaged) !== decodedByZlib(damaged)) differing.push(Buffer.from(damaged).toString('hex'));
    }
    expect(differing).toEqual([]);
  });

  const REFUSED = 'refused';

  function decodedBy(slot: Slot, bytes: Uint8Array): string {
    try {
      slot.decode(bytes, 'gzip', 'u2', count);
    } catch {
      return REFUSED;
    }
    return (slot.values() as Uint16Array).join();
  }

  function decodedByZlib(bytes: Uint8Array): string {
    try {
      const found = inflateSync(bytes, { maxOutputLength: 2 * count });
      return found.length === 2 * count ? new Uint16Array(Uint8Array.from(found).buffer).join() : REFUSED;
    } catch {
      return REFUSED;
    }
  }
});

describe.each([
  ['WebAssembly', () => wasm(), WasmSlot.codecs],
  ['TypeScript', () => new PlainSlot(), PlainSlot.codecs],
] as [string, () => Slot, readonly Codec[]][])('a slot in %s', (_, make, codecs) => {
  const chunks = CHUNKS.filter(({ codec }) => codecs.includes(codec));

  it.each(chunks)('decodes $codec, $kind, $count $pattern in blocks of $block', ({ kind, codec, count, stored, pattern }) => {
    const expected = PATTERNS[pattern];
    const slot = make();
    slot.decode(stored, codec, kind, count);
    const values = slot.values();
    expect(values.length).toBe(count);
    expect(Array.from(values).findIndex((value, index) => value !== expected?.(index))).toBe(-1);
  });

  it('is used again without growing', () => {
    const slot = make();
    const decodeAll = () => {
      for (const { stored, codec, kind, count } of chunks) slot.decode(stored, codec, kind, count);
    };
    decodeAll();
    const { held } = slot;
    for (let i = 0; i < 20; i++) decodeAll();
    expect(slot.held).toBe(held);
  });

  it.each(codecs)('refuses %s chunks that are cut, longer, or say another size', (codec) => {
    const { count, stored } = first(codec) ?? { count: 0, stored: new Uint8Array() };
    const slot = make();
    for (const wrong of [stored.subarray(0, 8), stored.subarray(0, 40), stored.subarray(0, -1), Uint8Array.from([...stored, 0])]) {
      expect(() => slot.decode(wrong, codec, 'u4', count)).toThrow(BrokenChunk);
    }
    expect(() => slot.decode(stored, codec, 'u4', count + 1)).toThrow(BrokenChunk);
  });

  it.each(codecs)('survives damaged bytes of %s', (codec) => {
    const { count, stored } = first(codec) ?? { count: 0, stored: new Uint8Array() };
    const slot = make();
    const random = randomOf(1);
    for (let round = 0; round < 2000; round++) {
      const damaged = stored.slice();
      damaged[12 + random(stored.length - 12)] = random(256);
      try {
        slot.decode(damaged, codec, 'u4', count);
        expect(slot.values().length).toBe(count);
      } catch (error) {
        expect(error).toBeInstanceOf(BrokenChunk);
      }
    }
  });

  it.each(KINDS)('reduces %s like the plain loop, whatever block, factor, mask and sentinels', (kind) => {
    const random = randomOf(7);
    const slot = make();
    for (let round = 0; round < 60; round++) {
      const [height, width] = [1 + random(40), 1 + random(40)];
      const bytes = new Uint8Array(height * width * 8).map(() => random(256));
      const values = viewOf(kind, bytes.buffer, 0, height * width);
      // Numbers that 32-bit floating point can't hold are not looked at.
      values.forEach((value, index) => Math.abs(value) > 1e38 && (values[index] = index));
      if (round % 3 === 0) values.forEach((value, index) => (values[index] = value < 0 ? -1 : value > 100 ? 3 : 0));
      const pick = () => values[random(values.length)] ?? 0;
      const sentinels = [[], [pick()], [pick(), -1], [pick(), pick()]][random(4)] ?? [];
      const mask = random(2) ? new Uint8Array(height * width).map(() => (random(4) === 0 ? 1 : 0)) : null;
      const [row, column] = [random(height), random(width)];
      const block = { row, column, rows: 1 + random(height - row), columns: 1 + random(width - column) };
      const factor = 1 + random(5);
      const { rows, columns } = pooledShape(block, factor);
      const found = new Float32Array(rows * columns);
      slot.fill(values);
      slot.pool(width, block, factor, { sentinels, mask }, found);
      expect(found).toEqual(maxPool(values, width, block, factor, { sentinels, mask }).values);
    }
  });
});
