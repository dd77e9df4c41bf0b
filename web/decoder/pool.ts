// Reduction of a frame by the maximum of its valid pixels, in AssemblyScript: see src/viewer/core/pool.ts, which says what it
// must give. Whole rows are folded into one row of maxima four pixels at a time; that row is then folded along itself.
//
// Whole numbers are compared as unsigned 32-bit numbers in their order, plus one; 0 means 'none of them counts'. The result
// is 32-bit floating point, so that the two largest numbers of the type falling together is not seen. Floating-point numbers
// are compared as they are; minus infinity means 'none'.

const U1 = 0;
const I1 = 1;
const U2 = 2;
const I2 = 3;
const U4 = 4;
const I4 = 5;
const F4 = 6;
const F8 = 7;
const LANES: usize = 4;
const SIGN: u32 = 0x80000000;

// @ts-expect-error: a decorator of AssemblyScript
@inline
function itemsize(kind: i32): usize {
  return kind == F8 ? 8 : kind >= U4 ? 4 : kind >= U2 ? 2 : 1;
}

/** Four whole numbers, widened to 32 bits. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function whole(kind: i32, at: usize): v128 {
  if (kind == U1) return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
  if (kind == I1) return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(at)));
  if (kind == U2) return i32x4.extend_low_i16x8_u(v128.load64_zero(at));
  if (kind == I2) return i32x4.extend_low_i16x8_s(v128.load64_zero(at));
  return v128.load(at);
}

/** Four numbers of 32-bit floating point, NaN where they are one of the two that don't count. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function real(kind: i32, at: usize, first: f64, second: f64): v128 {
  if (kind == F4) {
    const values = v128.load(at);
    const a = f32x4.eq(values, f32x4.splat(<f32>first));
    return v128.or(values, v128.or(a, f32x4.eq(values, f32x4.splat(<f32>second))));
  }
  return v128.shuffle<u32>(two(at, first, second), two(at + 16, first, second), 0, 1, 4, 5);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function two(at: usize, first: f64, second: f64): v128 {
  const values = v128.load(at);
  const bad = v128.or(f64x2.eq(values, f64x2.splat(first)), f64x2.eq(values, f64x2.splat(second)));
  return f32x4.demote_f64x2_zero(v128.or(values, bad));
}

/** All bits where a pixel is masked. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function masked(at: usize): v128 {
  return i32x4.ne(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at))), i32x4.splat(0));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function foldWhole(kind: i32, from: usize, mask: usize, columns: usize, known: v128, first: v128, second: v128, row: usize): void {
  const size = itemsize(kind);
  const order = i32x4.splat(kind == I1 || kind == I2 || kind == I4 ? SIGN : 0);
  const most = i32x4.splat(-2);
  const one = i32x4.splat(1);
  for (let i: usize = 0; i < columns; i += LANES) {
    const values = whole(kind, from + i * size);
    let bad = v128.and(known, v128.or(i32x4.eq(values, first), i32x4.eq(values, second)));
    if (mask != 0) bad = v128.or(bad, masked(mask + i));
    const ordered = i32x4.add(i32x4.min_u(v128.xor(values, order), most), one);
    v128.store(row + i * 4, i32x4.max_u(v128.load(row + i * 4), v128.andnot(ordered, bad)));
  }
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function foldReal(kind: i32, from: usize, mask: usize, columns: usize, first: f64, second: f64, row: usize): void {
  const size = itemsize(kind);
  const none = f32x4.splat(-Infinity);
  for (let i: usize = 0; i < columns; i += LANES) {
    const values = real(kind, from + i * size, first, second);
    let bad = f32x4.ne(values, values);
    if (mask != 0) bad = v128.or(bad, masked(mask + i));
    v128.store(row + i * 4, f32x4.max(v128.load(row + i * 4), v128.bitselect(none, values, bad)));
  }
}

/** One row of the frame into the row of maxima. The branches are here so that each loop is made for its type alone. */
function fold(kind: i32, from: usize, mask: usize, columns: usize, known: bool, first: f64, second: f64, row: usize): void {
  if (kind == F4) return foldReal(F4, from, mask, columns, first, second, row);
  if (kind == F8) return foldReal(F8, from, mask, columns, first, second, row);
  const look = i32x4.splat(known ? -1 : 0);
  const a = i32x4.splat(known ? word(first) : 0);
  const b = i32x4.splat(known ? word(second) : 0);
  if (kind == U1) foldWhole(U1, from, mask, columns, look, a, b, row);
  else if (kind == I1) foldWhole(I1, from, mask, columns, look, a, b, row);
  else if (kind == U2) foldWhole(U2, from, mask, columns, look, a, b, row);
  else if (kind == I2) foldWhole(I2, from, mask, columns, look, a, b, row);
  else if (kind == U4) foldWhole(U4, from, mask, columns, look, a, b, row);
  else foldWhole(I4, from, mask, columns, look, a, b, row);
}

/** Maxima of whole numbers as they are kept, to floating point; NaN for none. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function asReal(kept: v128, signed: bool): v128 {
  const values = i32x4.sub(kept, i32x4.splat(1));
  const real = signed ? f32x4.convert_i32x4_s(v128.xor(values, i32x4.splat(SIGN))) : f32x4.convert_i32x4_u(values);
  return v128.or(real, i32x4.eq(kept, i32x4.splat(0)));
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function larger(a: v128, b: v128, isReal: bool): v128 {
  return isReal ? f32x4.max(a, b) : i32x4.max_u(a, b);
}

/** The largest of four maxima that lie `factor` apart and of those that follow each. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function apart(at: usize, factor: usize, isReal: bool): v128 {
  if (factor == 1) return v128.load(at);
  if (factor == 2) {
    const a = v128.load(at);
    const b = v128.load(at + 16);
    return larger(v128.shuffle<u32>(a, b, 0, 2, 4, 6), v128.shuffle<u32>(a, b, 1, 3, 5, 7), isReal);
  }
  const step = factor * 4;
  let best = gathered(at, step);
  for (let i: usize = 1; i < factor; i++) best = larger(best, gathered(at + i * 4, step), isReal);
  return best;
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function gathered(at: usize, step: usize): v128 {
  let four = v128.load32_zero(at);
  four = v128.load_lane<u32>(at + step, four, 1);
  four = v128.load_lane<u32>(at + 2 * step, four, 2);
  return v128.load_lane<u32>(at + 3 * step, four, 3);
}

/** The largest of each `factor` neighbours of the row of maxima; those behind its end say 'none'. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function along(isReal: bool, signed: bool, row: usize, columns: usize, factor: usize, out: usize): void {
  const step = LANES * factor * 4;
  for (let c: usize = 0, at = row; c < columns; c += LANES, at += step) {
    const best = apart(at, factor, isReal);
    // Minus infinity is what no pixel left behind.
    const real = isReal ? v128.or(best, f32x4.eq(best, f32x4.splat(-Infinity))) : asReal(best, signed);
    v128.store(out + c * 4, real);
  }
}

/**
 * The block of `rows` × `columns` pixels that begins at `values` (rows are `width` pixels apart), reduced by `factor`.
 *
 * `mask` has a byte for each pixel of the same place and width, 0 = counts; 0 for no mask. `first` and `second` are values
 * that don't count, both of the frame's type; `known` is 0 where there are none (floating-point frames take NaN for that).
 * `row` has room for `columns` + 8 × `factor` numbers of 4 bytes, `out` for the result. Frame, mask and `out` are followed by
 * at least 32 bytes that may be read and, behind `out`, written.
 */
export function pool(
  values: usize,
  kind: i32,
  width: usize,
  rows: usize,
  columns: usize,
  factor: usize,
  mask: usize,
  known: i32,
  first: f64,
  second: f64,
  row: usize,
  out: usize,
): void {
  const size = itemsize(kind);
  const outColumns = (columns + factor - 1) / factor;
  const isReal = kind >= F4;
  const none = isReal ? f32x4.splat(-Infinity) : i32x4.splat(0);
  const rowEnd = columns + 8 * factor - LANES;
  let o = out;
  for (let top: usize = 0; top < rows; top += factor) {
    const bottom = top + factor < rows ? top + factor : rows;
    for (let i: usize = 0; i <= rowEnd; i += LANES) v128.store(row + i * 4, none);
    for (let y = top; y < bottom; y++) {
      fold(kind, values + y * width * size, mask == 0 ? 0 : mask + y * width, columns, known != 0, first, second, row);
    }
    // What the last lanes of `fold` took from beyond the block.
    for (let i = columns; i < columns + LANES; i++) store<u32>(row + i * 4, isReal ? 0xff800000 : 0);
    if (isReal) along(true, false, row, outColumns, factor, o);
    else if (kind == I1 || kind == I2 || kind == I4) along(false, true, row, outColumns, factor, o);
    else along(false, false, row, outColumns, factor, o);
    o += outColumns * 4;
  }
}

/** The 32 bits of a whole number, signed or not. */
function word(value: f64): i32 {
  return value < 0 ? <i32>value : <i32>(<u32>value);
}
