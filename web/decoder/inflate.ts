// Decoder of zlib streams (RFC 1950, RFC 1951) of a known decoded size, in AssemblyScript.
//
// As in bitshuffle.ts the memory belongs to the caller and every length is checked against the end it must not pass. Codes of
// up to `FAST` bits are looked up, longer ones, which are rare, are found bit by bit. Reads may go some bytes beyond the
// source's end; what was used of them is noticed.

import { repeat } from './copy';

const FAILED: usize = usize.MAX_VALUE;
const FAST: u32 = 11;
const LONGEST: u32 = 15;
/** An entry is the number of bits, what it is or how many more bits follow, and its value; no bits where none fits. */
const LITERAL: u32 = 0x8000;
const END: u32 = 0x4000;
const LITERAL_CODES: u32 = 288;
const DISTANCE_CODES: u32 = 32;
/** Codes that have no meaning, though the fixed code has room for them. */
const LENGTHS: u32 = 286;
const DISTANCES: u32 = 30;

// A set of codes: its table, how many codes have each length, and the symbols in the order of their codes.
const TABLE_BYTES: usize = 4 << FAST;
const COUNTS: usize = TABLE_BYTES;
const SYMBOLS: usize = COUNTS + 64;
const SET_BYTES: usize = SYMBOLS + 2 * LITERAL_CODES;
const OFFSETS: usize = 2 * SET_BYTES;
const WIDTHS: usize = OFFSETS + 64;
export const INFLATE_WORK: usize = WIDTHS + LITERAL_CODES + DISTANCE_CODES + 64;

let work: usize = 0;
// Bits that were read and not yet used, the lowest first.
let bits: u64 = 0;
let held: u64 = 0;
let at: usize = 0;
let stop: usize = 0;

/** See to it that 56 bits are there, zeros and anything beyond the end. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function refill(): void {
  bits |= load<u64>(at) << held;
  at += <usize>((63 - held) >> 3);
  held |= 56;
}

/** Whether more was used than there is. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function beyond(): bool {
  return at - <usize>(held >> 3) > stop;
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function take(count: u32): u32 {
  const found = <u32>(bits & ((<u64>1 << count) - 1));
  bits >>= count;
  held -= count;
  return found;
}

/** What a symbol means, as an entry without its bits. */
function meaning(symbol: u32, distances: bool): u32 {
  if (distances) {
    if (symbol >= DISTANCES) return 0;
    const more: u32 = symbol < 4 ? 0 : (symbol >> 1) - 1;
    const base: u32 = symbol < 4 ? symbol + 1 : ((2 + (symbol & 1)) << more) + 1;
    return (base << 16) | (more << 8);
  }
  if (symbol < 256) return (symbol << 16) | LITERAL;
  if (symbol == 256) return END;
  if (symbol >= LENGTHS) return 0;
  if (symbol == 285) return 258 << 16;
  const place = symbol - 257;
  const more: u32 = place < 8 ? 0 : (place >> 2) - 1;
  const base: u32 = place < 8 ? place + 3 : ((4 + (place & 3)) << more) + 3;
  return (base << 16) | (more << 8);
}

/** The set at `set` of `codes` codes whose lengths lie at `widths`; false for lengths that no code has. */
function makeSet(set: usize, widths: usize, codes: u32, distances: bool, complete: bool): bool {
  const counts = set + COUNTS;
  const offsets = work + OFFSETS;
  memory.fill(counts, 0, 64);
  for (let i: u32 = 0; i < codes; i++) {
    const count = counts + 4 * <usize>load<u8>(widths + i);
    store<u32>(count, load<u32>(count) + 1);
  }
  store<u32>(counts, 0);
  let free: i32 = 1;
  let longest: u32 = 0;
  store<u32>(offsets + 4, 0);
  for (let width: u32 = 1; width <= LONGEST; width++) {
    const count = load<u32>(counts + 4 * width);
    free = (free << 1) - <i32>count;
    if (free < 0) return false;
    if (count != 0) longest = width;
    if (width < LONGEST) store<u32>(offsets + 4 * width + 4, load<u32>(offsets + 4 * width) + count);
  }
  if (free > 0 && (complete || longest > 1)) return false;
  for (let symbol: u32 = 0; symbol < codes; symbol++) {
    const width: usize = load<u8>(widths + symbol);
    if (width == 0) continue;
    const offset = offsets + 4 * width;
    const place = load<u32>(offset);
    store<u16>(set + SYMBOLS + 2 * place, <u16>symbol);
    store<u32>(offset, place + 1);
  }
  fillTable(set, distances);
  return true;
}

function fillTable(set: usize, distances: bool): void {
  memory.fill(set, 0, TABLE_BYTES);
  let code: u32 = 0;
  let place: u32 = 0;
  for (let width: u32 = 1; width <= FAST; width++) {
    for (let left = load<u32>(set + COUNTS + 4 * width); left > 0; left--, code++, place++) {
      const entry = meaning(load<u16>(set + SYMBOLS + 2 * place), distances);
      if (entry == 0) continue;
      // Codes come with their highest bit first, everything else with its lowest.
      const first = reversed(code, width);
      for (let i = first; i < 1 << FAST; i += 1 << width) store<u32>(set + 4 * i, entry | width);
    }
    code <<= 1;
  }
}

function reversed(code: u32, width: u32): u32 {
  let found: u32 = 0;
  for (let i: u32 = 0; i < width; i++) found |= ((code >> i) & 1) << (width - 1 - i);
  return found;
}

/** The entry of a code that is not in the table; 0 for none. */
function slow(set: usize, distances: bool): u32 {
  let code: u32 = 0;
  let first: u32 = 0;
  let place: u32 = 0;
  for (let width: u32 = 1; width <= LONGEST; width++) {
    code |= <u32>(bits >> (width - 1)) & 1;
    const count = load<u32>(set + COUNTS + 4 * width);
    if (code - first < count) {
      const entry = meaning(load<u16>(set + SYMBOLS + 2 * (place + code - first)), distances);
      return entry == 0 ? 0 : entry | width;
    }
    place += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return 0;
}

/** The two sets that RFC 1951, 3.2.6 fixes. */
function fixedSets(): bool {
  const widths = work + WIDTHS;
  memory.fill(widths, 8, 144);
  memory.fill(widths + 144, 9, 112);
  memory.fill(widths + 256, 7, 24);
  memory.fill(widths + 280, 8, 8);
  if (!makeSet(work, widths, LITERAL_CODES, false, true)) return false;
  memory.fill(widths, 5, DISTANCE_CODES);
  return makeSet(work + SET_BYTES, widths, DISTANCE_CODES, true, true);
}

/** The order in which the lengths of the codes of lengths are told. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function ordered(i: u32): u32 {
  return i < 3 ? 16 + i : i == 3 ? 0 : i & 1 ? 9 - (i >> 1) : 6 + (i >> 1);
}

/** The two sets that a block tells; false for what can't be. */
function readSets(): bool {
  refill();
  const literals = take(5) + 257;
  const distances = take(5) + 1;
  const told = take(4) + 4;
  if (literals > LENGTHS || distances > DISTANCES) return false;
  const widths = work + WIDTHS;
  memory.fill(widths, 0, 19);
  for (let i: u32 = 0; i < told; i++) {
    refill();
    store<u8>(widths + ordered(i), <u8>take(3));
  }
  const set = work;
  if (!makeSet(set, widths, 19, false, true)) return false;
  const total = literals + distances;
  let count: u32 = 0;
  let last: u8 = 0;
  while (count < total) {
    refill();
    if (beyond()) return false;
    const entry = load<u32>(set + 4 * <usize>(bits & ((1 << FAST) - 1)));
    if ((entry & 255) == 0) return false;
    take(entry & 255);
    const symbol = entry >> 16;
    if (symbol < 16) {
      last = <u8>symbol;
      store<u8>(widths + count++, last);
      continue;
    }
    let times: u32;
    if (symbol == 16) {
      if (count == 0) return false;
      times = 3 + take(2);
    } else {
      last = 0;
      times = symbol == 17 ? 3 + take(3) : 11 + take(7);
    }
    if (times > total - count) return false;
    memory.fill(widths + count, last, times);
    count += times;
  }
  if (load<u8>(widths + 256) == 0) return false;
  return (
    makeSet(work, widths, literals, false, false) && makeSet(work + SET_BYTES, widths + literals, distances, true, false)
  );
}

/** A block of literals and matches; where the output ends, or `FAILED`. */
function readCodes(target: usize, from: usize, targetEnd: usize): usize {
  const literals = work;
  const distances = work + SET_BYTES;
  const mask: u64 = (1 << FAST) - 1;
  let d = from;
  while (true) {
    refill();
    if (beyond()) return FAILED;
    let entry = load<u32>(literals + 4 * <usize>(bits & mask));
    // Up to three literals of what is there: 3 × 11 bits leave enough for a length.
    if (entry & LITERAL && targetEnd - d >= 3) {
      take(entry & 255);
      store<u8>(d++, <u8>(entry >> 16));
      entry = load<u32>(literals + 4 * <usize>(bits & mask));
      if (entry & LITERAL) {
        take(entry & 255);
        store<u8>(d++, <u8>(entry >> 16));
        entry = load<u32>(literals + 4 * <usize>(bits & mask));
        if (entry & LITERAL) {
          take(entry & 255);
          store<u8>(d++, <u8>(entry >> 16));
          continue;
        }
      }
      refill();
    }
    if ((entry & 255) == 0) entry = slow(literals, false);
    if (entry == 0) return FAILED;
    take(entry & 255);
    if (entry & LITERAL) {
      if (d >= targetEnd) return FAILED;
      store<u8>(d++, <u8>(entry >> 16));
      continue;
    }
    if (entry & END) return beyond() ? FAILED : d;
    const length: usize = (entry >> 16) + take((entry >> 8) & 63);
    refill();
    entry = load<u32>(distances + 4 * <usize>(bits & mask));
    if ((entry & 255) == 0) entry = slow(distances, true);
    if (entry == 0) return FAILED;
    take(entry & 255);
    const back: usize = (entry >> 16) + take((entry >> 8) & 63);
    if (back > d - target || length > targetEnd - d) return FAILED;
    repeat(d, back, length, targetEnd);
    d += length;
  }
}

/** A block of bytes as they are; where the output ends, or `FAILED`. */
function readPlain(from: usize, targetEnd: usize): usize {
  take(<u32>held & 7);
  at -= <usize>(held >> 3);
  held = bits = 0;
  if (at > stop || stop - at < 4) return FAILED;
  const length: usize = load<u16>(at);
  if (length != (<usize>load<u16>(at + 2) ^ 0xffff)) return FAILED;
  at += 4;
  if (length > stop - at || length > targetEnd - from) return FAILED;
  memory.copy(from, at, length);
  at += length;
  return from + length;
}

/** The sum of RFC 1950 over [start, end). */
function adler(start: usize, end: usize): u32 {
  const low = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
  const high = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
  let one: u32 = 1;
  let two: u32 = 0;
  let s = start;
  while (s < end) {
    // As many as fit into 32 bits before the remainder is taken.
    let groups = (end - s) >> 4;
    if (groups > 340) groups = 340;
    if (groups == 0) {
      for (; s < end; s++) {
        one += load<u8>(s);
        two += one;
      }
      break;
    }
    two += one * 16 * <u32>groups;
    let sums = i32x4.splat(0);
    let before = i32x4.splat(0);
    let weighed = i32x4.splat(0);
    for (let i: usize = 0; i < groups; i++, s += 16) {
      const x = v128.load(s);
      before = i32x4.add(before, sums);
      sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(x)));
      const left = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(x), low);
      const right = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(x), high);
      weighed = i32x4.add(weighed, i32x4.add(left, right));
    }
    one += total(sums);
    two += total(weighed) + 16 * total(before);
    one %= 65521;
    two %= 65521;
  }
  return (two % 65521 << 16) | (one % 65521);
}

function total(lanes: v128): u32 {
  return (
    i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1) + i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3)
  );
}

/** Decode one stream from [source, sourceEnd) to fill [target, targetEnd), with tables at `tables`. */
export function inflate(source: usize, sourceEnd: usize, target: usize, targetEnd: usize, tables: usize): bool {
  if (sourceEnd - source < 6) return false;
  const head: u32 = (<u32>load<u8>(source) << 8) | load<u8>(source + 1);
  // Deflate with a window of at most 32 KiB and no dictionary.
  if ((head & 0x0f00) != 0x0800 || head >> 12 > 7 || head & 0x20 || head % 31 != 0) return false;
  work = tables;
  at = source + 2;
  stop = sourceEnd - 4;
  bits = held = 0;
  let d = target;
  let last = false;
  while (!last) {
    refill();
    last = take(1) == 1;
    const kind = take(2);
    if (beyond() || kind == 3) return false;
    if (kind == 0) d = readPlain(d, targetEnd);
    else if (kind == 1 ? fixedSets() : readSets()) d = readCodes(target, d, targetEnd);
    else return false;
    if (d == FAILED) return false;
  }
  const end = at - <usize>(held >> 3);
  return end == stop && d == targetEnd && bswap<u32>(load<u32>(stop)) == adler(target, targetEnd);
}
