// Decoder of Zstandard frames of the blocks of Bitshuffle chunks, in AssemblyScript. Format: RFC 8878.
//
// One frame without dictionary; a checksum at its end is passed over. As in bitshuffle.ts the memory belongs to the caller and
// every length is checked against the end it must not pass. Tables lie in `WORK` bytes that the caller has room for; reads may
// go some bytes beyond the ends of what they read, but not what is used of them.

import { repeat } from './copy';

const HUFFMAN: usize = 0; // 2,048 × (symbol, bits)
const LITERAL_LENGTHS: usize = 4096; // 512 × (base, bits, symbol)
const MATCH_LENGTHS: usize = 6144;
const OFFSETS: usize = 8192; // 256 of them
const WEIGHT_CODES: usize = 9216; // 64
const WEIGHTS: usize = 9472;
const COUNTS: usize = 9728;
const NEXT: usize = 10240;
const RANKS: usize = 10752;
const LITERAL_BASES: usize = 10816;
const MATCH_BASES: usize = 10960;
const LITERAL_BITS: usize = 11172;
const MATCH_BITS: usize = 11208;
const LITERALS: usize = 11328;
const LARGEST_BLOCK: usize = 131072;
export const WORK: usize = LITERALS + LARGEST_BLOCK + 64;

const NONE: i32 = -1;
const MAX_HUFFMAN_BITS: u32 = 11;
/** Literals that are decoded with one look at 56 bits: four of 11 bits. */
const AT_ONCE: usize = 4;

let work: usize = 0;
let huffmanBits: u32 = 0;
// Bits of the three tables' states; NONE before there is a table. `known` tells of those of the format itself which are there.
let literalLog: i32 = NONE;
let matchLog: i32 = NONE;
let offsetLog: i32 = NONE;
let known: u32 = 0;

// Bits from the end of [bitStart, …) to its start; `left` can fall below 0, and zeros come then.
let bitStart: usize = 0;
let left: isize = 0;
// The end of what was read last from a header.
let cursor: usize = 0;
let literals: usize = 0;
let literalCount: usize = 0;

/** To be called once before frames are decoded with the tables at `at`. */
export function prepare(at: usize): void {
  work = at;
  known = 0;
  for (let code: u32 = 0, base: u32 = 0; code < 36; code++) {
    const bits: u32 = code < 16 ? 0 : code < 20 ? 1 : code < 22 ? 2 : code < 24 ? 3 : code == 24 ? 4 : code - 19;
    store<u32>(at + LITERAL_BASES + 4 * code, base);
    store<u8>(at + LITERAL_BITS + code, <u8>bits);
    base += 1 << bits;
  }
  for (let code: u32 = 0, base: u32 = 3; code < 53; code++) {
    let bits: u32 = code < 32 ? 0 : code < 36 ? 1 : code < 38 ? 2 : code < 40 ? 3 : code < 42 ? 4 : code == 42 ? 5 : code - 36;
    store<u32>(at + MATCH_BASES + 4 * code, base);
    store<u8>(at + MATCH_BITS + code, <u8>bits);
    base += 1 << bits;
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function log2(value: u32): u32 {
  return 31 - <u32>clz<u32>(value);
}

/** Begin to read bits of [start, end) from its end; false where there is no end mark. */
function openBits(start: usize, end: usize): bool {
  if (end <= start) return false;
  const last: u32 = load<u8>(end - 1);
  if (last == 0) return false;
  bitStart = start;
  left = <isize>((end - start) * 8) - 8 + <isize>log2(last);
  return true;
}

/** The next `count` (at most 32) of the bits from `start` on of which `rest` are left. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function bitsAt(start: usize, rest: isize, count: u32): u32 {
  const at = rest - <isize>count;
  if (at >= 0) return <u32>((load<u64>(start + (<usize>at >> 3)) >> (<u64>at & 7)) & (((<u64>1) << count) - 1));
  if (rest <= 0) return 0;
  return <u32>((load<u64>(start) & (((<u64>1) << rest) - 1)) << <u64>-at);
}

/** Bits of a header, from its start. */
function forward(start: usize, at: usize, count: u32): u32 {
  return <u32>((load<u64>(start + (at >> 3)) >> (at & 7)) & ((1 << count) - 1));
}

/** Read how often each code comes and make its table; the bits of a state, or NONE. `cursor` is then behind what was read. */
function readTable(source: usize, end: usize, table: usize, maxLog: u32, maxCodes: u32): i32 {
  if (source >= end) return NONE;
  const limit = (end - source) * 8;
  const log = forward(source, 0, 4) + 5;
  if (log > maxLog) return NONE;
  let at: usize = 4;
  let remaining: i32 = 1 << log;
  let code: u32 = 0;
  while (remaining > 0) {
    if (code >= maxCodes || at > limit) return NONE;
    const bits = log2(<u32>remaining + 1) + 1;
    let value = <i32>forward(source, at, bits);
    at += bits;
    const low = (1 << (bits - 1)) - 1;
    const threshold = (1 << bits) - 1 - (remaining + 1);
    if ((value & low) < threshold) {
      at--;
      value &= low;
    } else if (value > low) {
      value -= threshold;
    }
    const count = value - 1;
    remaining -= count < 0 ? -count : count;
    store<i16>(work + COUNTS + 2 * code++, <i16>count);
    if (count != 0) continue;
    let more: u32;
    do {
      more = forward(source, at, 2);
      at += 2;
      if (code + more > maxCodes || at > limit) return NONE;
      for (let i: u32 = 0; i < more; i++) store<i16>(work + COUNTS + 2 * code++, 0);
    } while (more == 3);
  }
  if (remaining != 0 || at > limit) return NONE;
  cursor = source + ((at + 7) >> 3);
  return makeTable(table, log, code) ? <i32>log : NONE;
}

/** The table of `codes` codes that come as often as `COUNTS` says. */
function makeTable(table: usize, log: u32, codes: u32): bool {
  const size: u32 = 1 << log;
  let high = size;
  for (let code: u32 = 0; code < codes; code++) {
    const count = load<i16>(work + COUNTS + 2 * code);
    if (count == -1) {
      if (high == 0) return false;
      store<u32>(table + 4 * --high, code << 24);
    }
    store<u16>(work + NEXT + 2 * code, count == -1 ? 1 : <u16>count);
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let at: u32 = 0;
  for (let code: u32 = 0; code < codes; code++) {
    for (let i: i32 = <i32>load<i16>(work + COUNTS + 2 * code); i > 0; i--) {
      store<u32>(table + 4 * at, code << 24);
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  }
  if (at != 0) return false;
  for (let i: u32 = 0; i < size; i++) {
    const code = load<u32>(table + 4 * i) >> 24;
    const next: u32 = load<u16>(work + NEXT + 2 * code);
    store<u16>(work + NEXT + 2 * code, <u16>(next + 1));
    const bits = log - log2(next);
    store<u32>(table + 4 * i, ((next << bits) - size) | (bits << 16) | (code << 24));
  }
  return true;
}

/** How often codes come where a frame doesn't say it: RFC 8878, 3.1.1.3.2.2. */
function usual(table: usize): i32 {
  let codes: u32;
  let log: u32 = 6;
  if (table == LITERAL_LENGTHS) {
    codes = 36;
    for (let i: u32 = 0; i < codes; i++) {
      const count: i16 = i == 0 ? 4 : i == 1 || i == 25 ? 3 : i > 31 ? -1 : (i > 12 && i < 16) || i > 26 ? 1 : 2;
      store<i16>(work + COUNTS + 2 * i, count);
    }
  } else if (table == MATCH_LENGTHS) {
    codes = 53;
    for (let i: u32 = 0; i < codes; i++) {
      const count: i16 = i == 1 ? 4 : i == 2 ? 3 : i > 2 && i < 9 ? 2 : i > 45 ? -1 : 1;
      store<i16>(work + COUNTS + 2 * i, count);
    }
  } else {
    codes = 29;
    log = 5;
    for (let i: u32 = 0; i < codes; i++) {
      store<i16>(work + COUNTS + 2 * i, i > 23 ? -1 : i > 5 && i < 9 ? 2 : 1);
    }
  }
  return makeTable(work + table, log, codes) ? <i32>log : NONE;
}

/** The table that a block's `mode` names; the bits of a state, or NONE. */
function chooseTable(mode: u32, table: usize, before: i32, end: usize, maxLog: u32, maxCodes: u32): i32 {
  const mark: u32 = table == LITERAL_LENGTHS ? 1 : table == MATCH_LENGTHS ? 2 : 4;
  if (mode == 3) return before;
  if (mode == 0) {
    if (known & mark) return table == OFFSETS ? 5 : 6;
    known |= mark;
    return usual(table);
  }
  known &= ~mark;
  if (mode == 2) return readTable(cursor, end, work + table, maxLog, maxCodes);
  if (cursor >= end) return NONE;
  const code: u32 = load<u8>(cursor++);
  if (code >= maxCodes) return NONE;
  store<u32>(work + table, code << 24);
  return 0;
}

/** The description of a Huffman tree; false for none. `cursor` is then behind it. */
function readTree(source: usize, end: usize): bool {
  if (source >= end) return false;
  const head: u32 = load<u8>(source++);
  let count: u32 = 0;
  if (head >= 128) {
    count = head - 127;
    cursor = source + ((count + 1) >> 1);
    if (cursor > end) return false;
    for (let i: u32 = 0; i < count; i++) {
      const pair: u32 = load<u8>(source + (i >> 1));
      store<u8>(work + WEIGHTS + i, <u8>(i & 1 ? pair & 15 : pair >> 4));
    }
  } else {
    const stop = source + head;
    if (stop > end) return false;
    const log = readTable(source, stop, work + WEIGHT_CODES, 6, 256);
    if (log == NONE || !openBits(cursor, stop)) return false;
    count = readWeights(<u32>log);
    if (count == 0) return false;
    cursor = stop;
  }
  return makeTree(count);
}

/** Weights from two states in turn; how many, or 0. */
function readWeights(log: u32): u32 {
  const table = work + WEIGHT_CODES;
  const bits = bitStart;
  let rest = left;
  let one = bitsAt(bits, rest, log);
  rest -= <isize>log;
  let other = bitsAt(bits, rest, log);
  rest -= <isize>log;
  for (let count: u32 = 0; count < 254; ) {
    const entry = load<u32>(table + 4 * one);
    store<u8>(work + WEIGHTS + count++, <u8>(entry >> 24));
    const more = (entry >> 16) & 255;
    one = (entry & 0xffff) + bitsAt(bits, rest, more);
    rest -= <isize>more;
    if (rest < 0) {
      store<u8>(work + WEIGHTS + count++, <u8>(load<u32>(table + 4 * other) >> 24));
      return count;
    }
    const next = one;
    one = other;
    other = next;
  }
  return 0;
}

function makeTree(count: u32): bool {
  let sum: u32 = 0;
  memory.fill(work + RANKS, 0, 64);
  for (let i: u32 = 0; i < count; i++) {
    const weight: u32 = load<u8>(work + WEIGHTS + i);
    if (weight > MAX_HUFFMAN_BITS) return false;
    sum += weight == 0 ? 0 : 1 << (weight - 1);
  }
  if (sum == 0) return false;
  huffmanBits = log2(sum) + 1;
  const rest = (1 << huffmanBits) - sum;
  if (huffmanBits > MAX_HUFFMAN_BITS || (rest & (rest - 1)) != 0) return false;
  store<u8>(work + WEIGHTS + count++, <u8>(log2(rest) + 1));
  for (let i: u32 = 0; i < count; i++) {
    const rank = work + RANKS + 4 * <u32>load<u8>(work + WEIGHTS + i);
    store<u32>(rank, load<u32>(rank) + 1);
  }
  let at: u32 = 0;
  for (let weight: u32 = 1; weight <= huffmanBits; weight++) {
    const rank = work + RANKS + 4 * weight;
    const many = load<u32>(rank);
    store<u32>(rank, at);
    at += many << (weight - 1);
  }
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const weight: u32 = load<u8>(work + WEIGHTS + symbol);
    if (weight == 0) continue;
    const rank = work + RANKS + 4 * weight;
    const first = load<u32>(rank);
    const entry: u16 = <u16>(symbol | ((huffmanBits + 1 - weight) << 8));
    const beyond = first + (1 << (weight - 1));
    if (beyond - first < 8) {
      for (let i = first; i < beyond; i++) store<u16>(work + HUFFMAN + 2 * i, entry);
    } else {
      // As many as a power of two, so whole lanes.
      const lanes = i16x8.splat(<i16>entry);
      for (let i = first; i < beyond; i += 8) v128.store(work + HUFFMAN + 2 * i, lanes);
    }
    store<u32>(rank, beyond);
  }
  return true;
}

/** One stream of `count` literals. */
function readStream(source: usize, end: usize, out: usize, count: usize): bool {
  if (!openBits(source, end)) return false;
  return finishStream(source, left, out, count);
}

/** The last `count` literals of a stream of which `rest` bits are left. */
function finishStream(start: usize, rest: isize, out: usize, count: usize): bool {
  const table = work + HUFFMAN;
  const bits = huffmanBits;
  let i: usize = 0;
  for (; i + AT_ONCE <= count && rest >= 64; i += AT_ONCE) rest -= few(start, rest, table, bits, out + i);
  for (; i < count; i++) {
    const entry: u32 = load<u16>(table + 2 * bitsAt(start, rest, bits));
    store<u8>(out + i, <u8>entry);
    rest -= <isize>(entry >> 8);
  }
  return rest == 0;
}

/** `AT_ONCE` literals of a stream of which at least 64 bits are left; how many bits they took. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function few(start: usize, rest: isize, table: usize, bits: u32, out: usize): isize {
  const at = <usize>rest - 56;
  const word = load<u64>(start + (at >> 3)) >> (<u64>at & 7);
  const mask: u64 = ((<u64>1) << bits) - 1;
  let free: u64 = 56 - bits;
  let entry: u32 = load<u16>(table + 2 * <usize>((word >> free) & mask));
  let found: u32 = entry & 255;
  free -= entry >> 8;
  entry = load<u16>(table + 2 * <usize>((word >> free) & mask));
  found |= (entry & 255) << 8;
  free -= entry >> 8;
  entry = load<u16>(table + 2 * <usize>((word >> free) & mask));
  found |= (entry & 255) << 16;
  free -= entry >> 8;
  entry = load<u16>(table + 2 * <usize>((word >> free) & mask));
  store<u32>(out, found | (entry << 24));
  return <isize>(56 - bits - <u32>(free - (entry >> 8)));
}

/** Four streams of literals that follow each other, three of them of `each` and the last of `last`, in step. */
function readStreams(s: usize, first: usize, second: usize, third: usize, stop: usize, each: usize, last: usize): bool {
  const table = work + HUFFMAN;
  const bits = huffmanBits;
  const s1 = s + first;
  const s2 = s1 + second;
  const s3 = s2 + third;
  if (!openBits(s, s1)) return false;
  let rest0 = left;
  if (!openBits(s1, s2)) return false;
  let rest1 = left;
  if (!openBits(s2, s3)) return false;
  let rest2 = left;
  if (!openBits(s3, stop)) return false;
  let rest3 = left;
  const out = literals;
  let i: usize = 0;
  while (i + AT_ONCE <= last && rest0 >= 64 && rest1 >= 64 && rest2 >= 64 && rest3 >= 64) {
    rest0 -= few(s, rest0, table, bits, out + i);
    rest1 -= few(s1, rest1, table, bits, out + each + i);
    rest2 -= few(s2, rest2, table, bits, out + 2 * each + i);
    rest3 -= few(s3, rest3, table, bits, out + 3 * each + i);
    i += AT_ONCE;
  }
  return (
    finishStream(s, rest0, out + i, each - i) &&
    finishStream(s1, rest1, out + each + i, each - i) &&
    finishStream(s2, rest2, out + 2 * each + i, each - i) &&
    finishStream(s3, rest3, out + 3 * each + i, last - i)
  );
}

/** The literals of a block; false for none. `cursor` is then behind them. */
function readLiterals(source: usize, end: usize): bool {
  if (end - source < 1) return false;
  const head: u64 = load<u64>(source);
  const kind: u32 = <u32>(head & 3);
  const form: u32 = <u32>((head >> 2) & 3);
  if (kind < 2) {
    const size: usize = form == 1 ? 2 : form == 3 ? 3 : 1;
    literalCount = <usize>(form == 1 ? (head >> 4) & 0xfff : form == 3 ? (head >> 4) & 0xfffff : (head >> 3) & 31);
    const taken: usize = kind == 0 ? literalCount : 1;
    if (end - source < size + taken || literalCount > LARGEST_BLOCK) return false;
    literals = source + size;
    cursor = literals + taken;
    if (kind == 1) {
      memory.fill(work + LITERALS, load<u8>(literals), literalCount);
      literals = work + LITERALS;
    }
    return true;
  }
  const width: u64 = form < 2 ? 10 : form == 2 ? 14 : 18;
  const size: usize = form < 2 ? 3 : form == 2 ? 4 : 5;
  const mask: u64 = ((<u64>1) << width) - 1;
  literalCount = <usize>((head >> 4) & mask);
  const packed: usize = <usize>((head >> (4 + width)) & mask);
  if (end - source < size || end - source - size < packed || literalCount > LARGEST_BLOCK) return false;
  let s = source + size;
  const stop = s + packed;
  if (kind == 2) {
    huffmanBits = 0;
    if (!readTree(s, stop)) return false;
    s = cursor;
  } else if (huffmanBits == 0) return false;
  cursor = stop;
  literals = work + LITERALS;
  if (form == 0) return readStream(s, stop, literals, literalCount);
  if (stop - s < 6) return false;
  const first: usize = load<u16>(s);
  const second: usize = load<u16>(s + 2);
  const third: usize = load<u16>(s + 4);
  s += 6;
  if (first + second + third > stop - s) return false;
  const each = (literalCount + 3) / 4;
  if (each * 3 > literalCount) return false;
  return readStreams(s, first, second, third, stop, each, literalCount - each * 3);
}

let repeated1: usize = 1;
let repeated2: usize = 4;
let repeated3: usize = 8;

/** How far back a match lies; 0 for nowhere. */
function distance(value: usize, noLiterals: bool): usize {
  if (value > 3) {
    repeated3 = repeated2;
    repeated2 = repeated1;
    repeated1 = value - 3;
    return repeated1;
  }
  const which = value + (noLiterals ? 1 : 0);
  if (which == 1) return repeated1;
  const found = which == 2 ? repeated2 : which == 3 ? repeated3 : repeated1 - 1;
  if (which != 2) repeated3 = repeated2;
  repeated2 = repeated1;
  repeated1 = found;
  return found;
}

/** A compressed block; where its output ends, or 0. */
function readBlock(source: usize, end: usize, start: usize, target: usize, targetEnd: usize): usize {
  if (!readLiterals(source, end)) return 0;
  let literal = literals;
  const literalEnd = literals + literalCount;
  let d = target;
  let s = cursor;
  if (s >= end) return 0;
  let count: u32 = load<u8>(s++);
  if (count > 127) {
    if (end - s < 2) return 0;
    const low: u32 = load<u8>(s++);
    count = count < 255 ? ((count - 128) << 8) + low : low + (<u32>load<u8>(s++) << 8) + 0x7f00;
  }
  if (count > 0) {
    if (s >= end) return 0;
    const modes: u32 = load<u8>(s++);
    if ((modes & 3) != 0) return 0;
    cursor = s;
    literalLog = chooseTable(modes >> 6, LITERAL_LENGTHS, literalLog, end, 9, 36);
    if (literalLog == NONE) return 0;
    offsetLog = chooseTable((modes >> 4) & 3, OFFSETS, offsetLog, end, 8, 32);
    if (offsetLog == NONE) return 0;
    matchLog = chooseTable((modes >> 2) & 3, MATCH_LENGTHS, matchLog, end, 9, 53);
    if (matchLog == NONE || !openBits(cursor, end)) return 0;
    const bits = bitStart;
    let rest = left;
    let literalState = bitsAt(bits, rest, <u32>literalLog);
    rest -= <isize>literalLog;
    let offsetState = bitsAt(bits, rest, <u32>offsetLog);
    rest -= <isize>offsetLog;
    let matchState = bitsAt(bits, rest, <u32>matchLog);
    rest -= <isize>matchLog;
    for (let i: u32 = 1; i <= count; i++) {
      const offsetEntry = load<u32>(work + OFFSETS + 4 * offsetState);
      const matchEntry = load<u32>(work + MATCH_LENGTHS + 4 * matchState);
      const literalEntry = load<u32>(work + LITERAL_LENGTHS + 4 * literalState);
      const offsetCode = offsetEntry >> 24;
      const value = (<usize>1 << offsetCode) + <usize>bitsAt(bits, rest, offsetCode);
      rest -= <isize>offsetCode;
      const matchCode = matchEntry >> 24;
      const matchBits: u32 = load<u8>(work + MATCH_BITS + matchCode);
      const length: usize = load<u32>(work + MATCH_BASES + 4 * matchCode) + bitsAt(bits, rest, matchBits);
      rest -= <isize>matchBits;
      const literalCode = literalEntry >> 24;
      const literalBits: u32 = load<u8>(work + LITERAL_BITS + literalCode);
      const run: usize = load<u32>(work + LITERAL_BASES + 4 * literalCode) + bitsAt(bits, rest, literalBits);
      rest -= <isize>literalBits;
      if (i < count) {
        const literalMore = (literalEntry >> 16) & 255;
        literalState = (literalEntry & 0xffff) + bitsAt(bits, rest, literalMore);
        rest -= <isize>literalMore;
        const matchMore = (matchEntry >> 16) & 255;
        matchState = (matchEntry & 0xffff) + bitsAt(bits, rest, matchMore);
        rest -= <isize>matchMore;
        const offsetMore = (offsetEntry >> 16) & 255;
        offsetState = (offsetEntry & 0xffff) + bitsAt(bits, rest, offsetMore);
        rest -= <isize>offsetMore;
      }
      if (rest < 0 || run > literalEnd - literal || run > targetEnd - d) return 0;
      if (run <= 16 && targetEnd - d >= 16) v128.store(d, v128.load(literal));
      else memory.copy(d, literal, run);
      literal += run;
      d += run;
      const back = distance(value, run == 0);
      if (back == 0 || back > d - start || length > targetEnd - d) return 0;
      repeat(d, back, length, targetEnd);
      d += length;
    }
    if (rest != 0) return 0;
  } else if (s != end) return 0;
  const rest = literalEnd - literal;
  if (rest > targetEnd - d) return 0;
  memory.copy(d, literal, rest);
  return d + rest;
}

/** Decode one frame from [source, sourceEnd) to [target, targetEnd); where the output ends, or 0. */
export function zstd(source: usize, sourceEnd: usize, target: usize, targetEnd: usize): usize {
  if (sourceEnd - source < 6 || load<u32>(source) != 0xfd2fb528) return 0;
  const head: u32 = load<u8>(source + 4);
  const single = (head >> 5) & 1;
  const dictionary: u32 = head & 3;
  if ((head & 8) != 0 || dictionary != 0) return 0;
  const sized: u32 = head >> 6;
  let s = source + 5 + <usize>(1 - single) + <usize>(sized == 0 ? single : <u32>1 << sized);
  const checksum: usize = head & 4 ? 4 : 0;
  huffmanBits = 0;
  literalLog = matchLog = offsetLog = NONE;
  repeated1 = 1;
  repeated2 = 4;
  repeated3 = 8;
  let d = target;
  let last = false;
  while (!last) {
    if (s + 3 > sourceEnd) return 0;
    const block: u32 = load<u16>(s) | (<u32>load<u8>(s + 2) << 16);
    s += 3;
    last = (block & 1) != 0;
    const kind = (block >> 1) & 3;
    const size: usize = block >> 3;
    const taken: usize = kind == 1 ? 1 : size;
    if (taken > sourceEnd - s || kind == 3) return 0;
    if (kind < 2) {
      if (size > targetEnd - d) return 0;
      if (kind == 0) memory.copy(d, s, size);
      else memory.fill(d, load<u8>(s), size);
      d += size;
    } else {
      if (size > LARGEST_BLOCK) return 0;
      d = readBlock(s, s + size, target, d, targetEnd);
      if (d == 0) return 0;
    }
    s += taken;
  }
  return sourceEnd - s == checksum ? d : 0;
}
