/** LZ4 blocks, https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md. */

/** Decode one block to fill `target` exactly; false for bytes that don't. */
export function lz4(source: Uint8Array, target: Uint8Array): boolean {
  let s = 0;
  let d = 0;
  const byte = () => source[s++] ?? -1;
  const length = (short: number): number => {
    let total = short;
    if (short < 15) return total;
    for (;;) {
      const more = byte();
      if (more < 0) return -1;
      total += more;
      if (more < 255) return total;
    }
  };
  while (s < source.length) {
    const token = byte();
    const literals = length(token >> 4);
    if (literals < 0 || s + literals > source.length || d + literals > target.length) return false;
    target.set(source.subarray(s, s + literals), d);
    s += literals;
    d += literals;
    if (s === source.length) return d === target.length;
    const offset = byte() | (byte() << 8);
    const match = length(token & 15);
    if (offset <= 0 || offset > d || match < 0 || d + match + 4 > target.length) return false;
    for (let end = d + match + 4; d < end; d++) target[d] = target[d - offset] ?? 0;
  }
  return false;
}

const HEAD_BYTES = 12;

/**
 * A chunk of HDF5's LZ4 filter, to fill `target` exactly; false for bytes that don't. Its head has the decoded size (8 bytes)
 * and that of a block (4 bytes), big-endian; a block as long as what it decodes to is kept as it was.
 */
export function lz4Chunk(source: Uint8Array, target: Uint8Array): boolean {
  if (source.length < HEAD_BYTES) return false;
  const words = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const block = words.getUint32(8);
  if (Number(words.getBigUint64(0)) !== target.length || block === 0) return false;
  let at = HEAD_BYTES;
  for (let done = 0; done < target.length; done += block) {
    if (at + 4 > source.length) return false;
    const end = at + 4 + words.getUint32(at);
    if (end > source.length) return false;
    const packed = source.subarray(at + 4, end);
    const part = target.subarray(done, done + block);
    if (packed.length === part.length) part.set(packed);
    else if (!lz4(packed, part)) return false;
    at = end;
  }
  return at === source.length;
}
