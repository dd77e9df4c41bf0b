/** Numbers as they come from arrays: typed arrays without copies, read through one bounds-safe accessor. */

export type NumericArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export type Domain = [number, number];

/** The value at `index`; NaN outside. Inlined by the engines, so fit for pixel loops. */
export function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? NaN;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Smallest and largest finite value, or null when there is none. */
export function extent(values: ArrayLike<number>): Domain | null {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = at(values, i);
    if (Number.isFinite(value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : null;
}

/** True for whole numbers that go up by one: they number what was measured. */
export function isNumbering(values: ArrayLike<number>): boolean {
  if (values.length < 2 || !Number.isInteger(at(values, 0))) return false;
  return Array.from(values).every((value, i) => value === at(values, 0) + i);
}

/** Smallest value above zero, or null. */
export function positiveMinimum(values: ArrayLike<number>): number | null {
  let low = Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = at(values, i);
    if (value > 0 && value < low) low = value;
  }
  return low < Infinity ? low : null;
}
