/** One real quantity of complex numbers that come interleaved (real, imaginary, real, …). */

import { at } from './numbers';

export const COMPLEX_PARTS = ['amplitude', 'phase', 'real', 'imaginary'] as const;
export type ComplexPart = (typeof COMPLEX_PARTS)[number];

/** Phase in radians, −π to π. */
export function complexPart(interleaved: ArrayLike<number>, part: ComplexPart): Float32Array {
  const size = Math.floor(interleaved.length / 2);
  const result = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const real = at(interleaved, 2 * i);
    const imaginary = at(interleaved, 2 * i + 1);
    if (part === 'amplitude') result[i] = Math.hypot(real, imaginary);
    else if (part === 'phase') result[i] = Math.atan2(imaginary, real);
    else result[i] = part === 'real' ? real : imaginary;
  }
  return result;
}
