/** NumPy `dtype.str` of a binary answer → typed array over the received buffer, without copying. */

import type { NumericArray } from './numbers';

export type NumberType = 'integer' | 'float' | 'complex' | 'boolean';

export interface DType {
  readonly code: string;
  readonly itemSize: number;
  readonly type: NumberType;
}

type ViewConstructor = new (buffer: ArrayBuffer, offset: number, length: number) => NumericArray;

const VIEWS: Partial<Record<string, ViewConstructor>> = {
  b1: Uint8Array,
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  f4: Float32Array,
  f8: Float64Array,
};

/** Number type and size of a dtype text such as '<u4'; null for strings, compounds and objects. */
export function parseDtype(text: string): DType | null {
  const match = /^[<>|=]?([biufc])(\d+)$/.exec(text.trim());
  if (!match) return null;
  const [, letter = '', digits = ''] = match;
  const types: Partial<Record<string, NumberType>> = {
    b: 'boolean',
    i: 'integer',
    u: 'integer',
    f: 'float',
    c: 'complex',
  };
  const type = types[letter];
  return type ? { code: letter + digits, itemSize: Number(digits), type } : null;
}

export function isNumeric(dtype: string): boolean {
  return parseDtype(dtype) !== null;
}

/** The largest value an unsigned integer type can hold, which detectors write for 'no value'; null otherwise. */
export function unsignedMaximum(dtype: string): number | null {
  const parsed = parseDtype(dtype);
  if (parsed?.code.startsWith('u') !== true || parsed.itemSize > 4) return null;
  return 2 ** (8 * parsed.itemSize) - 1;
}

function fromBigInts(buffer: ArrayBuffer, signed: boolean): Float64Array {
  const wide = signed ? new BigInt64Array(buffer) : new BigUint64Array(buffer);
  return Float64Array.from(wide, Number);
}

/**
 * View `buffer` as numbers. Complex numbers come as interleaved real and imaginary parts (twice as many values).
 * 64-bit integers become float64. Throws for types that travel as JSON.
 */
export function decode(buffer: ArrayBuffer, dtype: string): NumericArray {
  const parsed = parseDtype(dtype);
  if (!parsed) throw new TypeError(`Numbers of type ${dtype} can't be shown as an array.`);
  if (parsed.code === 'c8') return new Float32Array(buffer);
  if (parsed.code === 'c16') return new Float64Array(buffer);
  if (parsed.code === 'i8' || parsed.code === 'u8') return fromBigInts(buffer, parsed.code === 'i8');
  const View = VIEWS[parsed.code];
  if (!View) throw new TypeError(`Numbers of type ${dtype} can't be shown as an array.`);
  return new View(buffer, 0, Math.floor(buffer.byteLength / parsed.itemSize));
}

/** A name for people: 'unsigned 32-bit integer'; a compound type by the names of its columns. */
export function describeDtype(dtype: string): string {
  const parsed = parseDtype(dtype);
  if (!parsed) return describeOther(dtype);
  if (parsed.type === 'boolean') return 'true or false';
  const bits = parsed.itemSize * 8;
  if (parsed.type === 'complex') return `complex, 2 × ${bits / 2} bit`;
  if (parsed.type === 'float') return `${bits}-bit float`;
  return `${parsed.code.startsWith('u') ? 'unsigned ' : ''}${bits}-bit integer`;
}

function describeOther(dtype: string): string {
  const columns = [...dtype.matchAll(/\('([^']+)',/gu)].map(([, name]) => name);
  if (columns.length > 0) return `table of ${columns.join(', ')}`;
  return /^[<>|=]?[OSUa]\d*$/u.test(dtype.trim()) ? 'text' : dtype;
}
