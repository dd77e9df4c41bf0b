/** Bitshuffle and shuffle backwards. */

/** Bit planes of the bytes of elements to elements. `planes` has, for each byte of an element, eight rows of one bit of every element; their number is a multiple of 8. */
export function unshuffle(planes: Uint8Array, itemsize: number, target: Uint8Array): void {
  const count = target.length / itemsize;
  const groups = count / 8;
  for (let byte = 0; byte < itemsize; byte++) {
    const rows = byte * count;
    for (let group = 0; group < groups; group++) {
      // Two halves of the 8 × 8 bits that belong to eight elements.
      let low = 0;
      let high = 0;
      for (let k = 0; k < 4; k++) {
        low |= (planes[rows + k * groups + group] ?? 0) << (8 * k);
        high |= (planes[rows + (k + 4) * groups + group] ?? 0) << (8 * k);
      }
      for (let element = 0; element < 8; element++) {
        const bits = nibble(low >>> element) | (nibble(high >>> element) << 4);
        target[(group * 8 + element) * itemsize + byte] = bits;
      }
    }
  }
}

/** Bits 0, 8, 16 and 24 side by side. */
function nibble(word: number): number {
  return (word & 1) | ((word >>> 7) & 2) | ((word >>> 14) & 4) | ((word >>> 21) & 8);
}

/** Planes of one byte of every element to elements. */
export function weave(planes: Uint8Array, itemsize: number, target: Uint8Array): void {
  const count = target.length / itemsize;
  for (let byte = 0; byte < itemsize; byte++) {
    for (let i = 0; i < count; i++) target[i * itemsize + byte] = planes[byte * count + i] ?? 0;
  }
}
