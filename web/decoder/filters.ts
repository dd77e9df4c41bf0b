// Decoder of whole chunks of HDF5's other filters, in AssemblyScript: gzip, LZ4 and Zstandard, with shuffle or without, and
// shuffle alone. As in bitshuffle.ts the memory belongs to the caller, and damaged bytes give -1.

import { lz4, weave } from './bitshuffle';
import { inflate, INFLATE_WORK } from './inflate';
import { prepare, WORK, zstd } from './zstd';

/** What `unfilter` is told to undo; the same numbers are in wasmSlot.ts. */
const LZ4: i32 = 1;
const ZSTD: i32 = 2;
const GZIP: i32 = 3;
const HEAD_BYTES: usize = 12;
/** Bytes that the tables of any of them need. */
export const TABLES: usize = INFLATE_WORK > WORK ? INFLATE_WORK : WORK;

/**
 * A chunk of HDF5's LZ4 filter: its head (decoded bytes, 8, and those of a block, 4), then blocks, each behind its length (4
 * bytes, all big-endian). A block as long as what it decodes to is kept as it was.
 */
function lz4Chunk(source: usize, sourceEnd: usize, target: usize, targetEnd: usize): bool {
  const length = targetEnd - target;
  if (sourceEnd - source < HEAD_BYTES || bswap<u64>(load<u64>(source)) != <u64>length) return false;
  const block: usize = bswap<u32>(load<u32>(source + 8));
  if (block == 0) return false;
  let s = source + HEAD_BYTES;
  for (let d = target; d < targetEnd; ) {
    if (sourceEnd - s < 4) return false;
    const packed: usize = bswap<u32>(load<u32>(s));
    const end = targetEnd - d < block ? targetEnd : d + block;
    s += 4;
    if (packed > sourceEnd - s) return false;
    if (packed == end - d) memory.copy(d, s, packed);
    else if (packed == 0 || lz4(s, s + packed, d, end) != end) return false;
    s += packed;
    d = end;
  }
  return s == sourceEnd;
}

/**
 * Decode a chunk to `elements` elements of `itemsize` bytes at `target`.
 *
 * `scratch` has room for as many bytes where they are shuffled, `tables` for `TABLES`. Returns 0, or -1 for bytes that are no
 * such chunk.
 */
export function unfilter(
  source: usize,
  sourceEnd: usize,
  target: usize,
  elements: usize,
  itemsize: usize,
  scratch: usize,
  tables: usize,
  method: i32,
  shuffled: bool,
): i32 {
  const planes = shuffled ? scratch : target;
  const end = planes + elements * itemsize;
  let done = false;
  if (method == LZ4) done = lz4Chunk(source, sourceEnd, planes, end);
  else if (method == GZIP) done = inflate(source, sourceEnd, planes, end, tables);
  else if (method == ZSTD) {
    prepare(tables);
    done = zstd(source, sourceEnd, planes, end) == end;
  } else if (sourceEnd - source == end - planes) {
    memory.copy(planes, source, end - planes);
    done = true;
  }
  if (!done) return -1;
  if (shuffled) weave(planes, elements, itemsize, target);
  return 0;
}
