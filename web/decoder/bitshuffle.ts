// Decoder of Bitshuffle chunks with LZ4 or Zstandard, in AssemblyScript: compiled to WebAssembly by `npm run decoder`.
//
// Layout: see src/pandaas/codecs/bitshuffle.py. LZ4 block format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md.
// The memory belongs to the caller, who says where everything lies; nothing is allocated here. Every length is checked
// against the end it must not pass, so damaged bytes give -1.

import { repeat } from './copy';
import { prepare, zstd } from './zstd';

const LANES: usize = 16;

/** Decode one LZ4 block from [source, sourceEnd) to [target, targetEnd); where the output ends, or 0. */
export function lz4(source: usize, sourceEnd: usize, target: usize, targetEnd: usize): usize {
  let s = source;
  let d = target;
  while (s < sourceEnd) {
    const token: usize = load<u8>(s++);
    let literals: usize = token >> 4;
    if (literals == 15) {
      let more: usize;
      do {
        if (s >= sourceEnd) return 0;
        more = load<u8>(s++);
        literals += more;
      } while (more == 255);
    }
    if (literals > sourceEnd - s || literals > targetEnd - d) return 0;
    if (literals <= 16 && sourceEnd - s >= 16 && targetEnd - d >= 16) v128.store(d, v128.load(s));
    else memory.copy(d, s, literals);
    s += literals;
    d += literals;
    if (s == sourceEnd) return d;
    if (sourceEnd - s < 2) return 0;
    const offset: usize = load<u16>(s);
    s += 2;
    let length: usize = (token & 15) + 4;
    if (length == 19) {
      let more: usize;
      do {
        if (s >= sourceEnd) return 0;
        more = load<u8>(s++);
        length += more;
      } while (more == 255);
    }
    if (offset == 0 || offset > d - target || length > targetEnd - d) return 0;
    repeat(d, offset, length, targetEnd);
    d += length;
  }
  return 0;
}

/** The bits of eight bytes as a matrix, transposed: bit i of byte k becomes bit k of byte i. */
function transpose(x: u64): u64 {
  let t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aa;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000cccc;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0;
  return x ^ t ^ (t << 28);
}

/** The same for two at once. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function transposeTwo(x: v128): v128 {
  let t = v128.and(v128.xor(x, i64x2.shr_u(x, 7)), i64x2.splat(0x00aa00aa00aa00aa));
  x = v128.xor(x, v128.xor(t, i64x2.shl(t, 7)));
  t = v128.and(v128.xor(x, i64x2.shr_u(x, 14)), i64x2.splat(0x0000cccc0000cccc));
  x = v128.xor(x, v128.xor(t, i64x2.shl(t, 14)));
  t = v128.and(v128.xor(x, i64x2.shr_u(x, 28)), i64x2.splat(0x00000000f0f0f0f0));
  return v128.xor(x, v128.xor(t, i64x2.shl(t, 28)));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function low8(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function high8(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function low16(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function high16(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function low32(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 0, 4, 1, 5);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function high32(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 2, 6, 3, 7);
}

/** Eight rows of `groups` bytes, one bit of each element a row, to one byte of each element. */
function plane(rows: usize, groups: usize, out: usize): void {
  let g: usize = 0;
  for (; g + LANES <= groups; g += LANES) {
    const r = rows + g;
    const r0 = v128.load(r);
    const r1 = v128.load(r + groups);
    const r2 = v128.load(r + 2 * groups);
    const r3 = v128.load(r + 3 * groups);
    const r4 = v128.load(r + 4 * groups);
    const r5 = v128.load(r + 5 * groups);
    const r6 = v128.load(r + 6 * groups);
    const r7 = v128.load(r + 7 * groups);
    const a0 = low8(r0, r1);
    const a1 = high8(r0, r1);
    const a2 = low8(r2, r3);
    const a3 = high8(r2, r3);
    const a4 = low8(r4, r5);
    const a5 = high8(r4, r5);
    const a6 = low8(r6, r7);
    const a7 = high8(r6, r7);
    const b0 = low16(a0, a2);
    const b1 = high16(a0, a2);
    const b2 = low16(a1, a3);
    const b3 = high16(a1, a3);
    const b4 = low16(a4, a6);
    const b5 = high16(a4, a6);
    const b6 = low16(a5, a7);
    const b7 = high16(a5, a7);
    const o = out + g * 8;
    v128.store(o, transposeTwo(low32(b0, b4)));
    v128.store(o + 16, transposeTwo(high32(b0, b4)));
    v128.store(o + 32, transposeTwo(low32(b1, b5)));
    v128.store(o + 48, transposeTwo(high32(b1, b5)));
    v128.store(o + 64, transposeTwo(low32(b2, b6)));
    v128.store(o + 80, transposeTwo(high32(b2, b6)));
    v128.store(o + 96, transposeTwo(low32(b3, b7)));
    v128.store(o + 112, transposeTwo(high32(b3, b7)));
  }
  for (; g < groups; g++) {
    let bits: u64 = 0;
    for (let k: usize = 0; k < 8; k++) bits |= (<u64>load<u8>(rows + k * groups + g)) << (8 * k);
    store<u64>(out + g * 8, transpose(bits));
  }
}

/** Eight elements of eight bytes, from eight planes `count` apart. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function eight(planes: usize, count: usize, out: usize): void {
  const a = low8(v128.load64_zero(planes), v128.load64_zero(planes + count));
  const b = low8(v128.load64_zero(planes + 2 * count), v128.load64_zero(planes + 3 * count));
  const c = low8(v128.load64_zero(planes + 4 * count), v128.load64_zero(planes + 5 * count));
  const d = low8(v128.load64_zero(planes + 6 * count), v128.load64_zero(planes + 7 * count));
  const p = low16(a, b);
  const q = low16(c, d);
  const r = high16(a, b);
  const s = high16(c, d);
  v128.store(out, low32(p, q));
  v128.store(out + 16, high32(p, q));
  v128.store(out + 32, low32(r, s));
  v128.store(out + 48, high32(r, s));
}

/** Planes of `count` bytes, one per byte of the elements, to elements of `itemsize` bytes. */
export function weave(planes: usize, count: usize, itemsize: usize, out: usize): void {
  let i: usize = 0;
  if (itemsize == 1) {
    memory.copy(out, planes, count);
    return;
  }
  if (itemsize == 2) {
    for (; i + LANES <= count; i += LANES) {
      const a = v128.load(planes + i);
      const b = v128.load(planes + count + i);
      v128.store(out + i * 2, low8(a, b));
      v128.store(out + i * 2 + 16, high8(a, b));
    }
  } else if (itemsize == 4) {
    for (; i + LANES <= count; i += LANES) {
      const a = v128.load(planes + i);
      const b = v128.load(planes + count + i);
      const c = v128.load(planes + 2 * count + i);
      const d = v128.load(planes + 3 * count + i);
      const p = low8(a, b);
      const q = low8(c, d);
      const r = high8(a, b);
      const s = high8(c, d);
      const o = out + i * 4;
      v128.store(o, low16(p, q));
      v128.store(o + 16, high16(p, q));
      v128.store(o + 32, low16(r, s));
      v128.store(o + 48, high16(r, s));
    }
  } else if (itemsize == 8) {
    for (; i + 8 <= count; i += 8) eight(planes + i, count, out + i * 8);
  }
  for (; i < count; i++) {
    for (let j: usize = 0; j < itemsize; j++) store<u8>(out + i * itemsize + j, load<u8>(planes + j * count + i));
  }
}

/**
 * Decode a chain of blocks (without the chunk's head) to `elements` elements of `itemsize` bytes at `target`.
 *
 * `scratch` has room for two blocks of `block` elements, and behind them, with `zstandard`, for `WORK` bytes. Returns 0, or -1
 * for bytes that are no such chain.
 */
export function decode(
  source: usize,
  sourceEnd: usize,
  target: usize,
  elements: usize,
  itemsize: usize,
  block: usize,
  scratch: usize,
  zstandard: bool,
): i32 {
  if (zstandard) prepare((scratch + 2 * block * itemsize + LANES) & ~(LANES - 1));
  const rest = elements % 8;
  const whole = elements - rest;
  const planes = scratch + block * itemsize;
  let s = source;
  let done: usize = 0;
  while (done < whole) {
    const count = whole - done < block ? whole - done : block;
    if (sourceEnd - s < 4) return -1;
    const length: usize = bswap<u32>(load<u32>(s));
    s += 4;
    if (length > sourceEnd - s) return -1;
    const end = scratch + count * itemsize;
    if ((zstandard ? zstd(s, s + length, scratch, end) : lz4(s, s + length, scratch, end)) != end) return -1;
    s += length;
    const groups = count / 8;
    for (let j: usize = 0; j < itemsize; j++) plane(scratch + j * count, groups, planes + j * count);
    weave(planes, count, itemsize, target + done * itemsize);
    done += count;
  }
  if (sourceEnd - s != rest * itemsize) return -1;
  memory.copy(target + whole * itemsize, s, rest * itemsize);
  return 0;
}
