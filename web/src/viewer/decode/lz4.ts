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
