/** Masks drawn in the viewer: bytes (1 = masked) over the image, shapes that paint them, run lengths on the wire. */

import { at } from './numbers';

export interface MaskImage {
  readonly rows: number;
  readonly columns: number;
  readonly bytes: Uint8Array;
}

export function emptyMask(rows: number, columns: number): MaskImage {
  return { rows, columns, bytes: new Uint8Array(rows * columns) };
}

/** Run lengths over the flattened image, starting with unmasked pixels (so the first may be 0). */
export function encodeRuns(bytes: ArrayLike<number>): number[] {
  const runs: number[] = [];
  let masked = false;
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (at(bytes, i) > 0 === masked) {
      length++;
    } else {
      runs.push(length);
      masked = !masked;
      length = 1;
    }
  }
  if (length > 0 || runs.length === 0) runs.push(length);
  return runs;
}

export function decodeRuns(runs: readonly number[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let position = 0;
  runs.forEach((length, index) => {
    if (index % 2 === 1) bytes.fill(1, position, position + length);
    position += length;
  });
  return bytes;
}

export function countMasked(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) count += byte;
  return count;
}

/** Sets `value` wherever `inside(column, row)` (pixel centres) holds within the box; edges are in pixels. */
function paint(
  mask: MaskImage,
  box: readonly [x0: number, y0: number, x1: number, y1: number],
  inside: (x: number, y: number) => boolean,
  value: 0 | 1,
): void {
  const firstRow = Math.max(0, Math.floor(Math.min(box[1], box[3])));
  const lastRow = Math.min(mask.rows - 1, Math.ceil(Math.max(box[1], box[3])));
  const firstColumn = Math.max(0, Math.floor(Math.min(box[0], box[2])));
  const lastColumn = Math.min(mask.columns - 1, Math.ceil(Math.max(box[0], box[2])));
  for (let row = firstRow; row <= lastRow; row++)
    for (let column = firstColumn; column <= lastColumn; column++)
      if (inside(column + 0.5, row + 0.5)) mask.bytes[row * mask.columns + column] = value;
}

export type Point = readonly [x: number, y: number];

export function paintRectangle(mask: MaskImage, from: Point, to: Point, value: 0 | 1): void {
  const [left, right] = [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
  const [top, bottom] = [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
  paint(mask, [left, top, right, bottom], (x, y) => x >= left && x <= right && y >= top && y <= bottom, value);
}

export function paintCircle(mask: MaskImage, centre: Point, radius: number, value: 0 | 1): void {
  const [x0, y0] = centre;
  const box = [x0 - radius, y0 - radius, x0 + radius, y0 + radius] as const;
  paint(mask, box, (x, y) => (x - x0) ** 2 + (y - y0) ** 2 <= radius ** 2, value);
}

/** A brush stroke: circles along the segment, so fast movements leave no holes. */
export function paintStroke(mask: MaskImage, from: Point, to: Point, radius: number, value: 0 | 1): void {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const steps = Math.max(1, Math.ceil(length / Math.max(radius / 2, 0.5)));
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    paintCircle(mask, [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t], radius, value);
  }
}

/** Even-odd rule. */
export function paintPolygon(mask: MaskImage, corners: readonly Point[], value: 0 | 1): void {
  if (corners.length < 3) return;
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const crossings = (x: number, y: number): number =>
    corners.filter(([x1, y1], i) => {
      const [x2, y2] = corners[(i + 1) % corners.length] ?? [x1, y1];
      return y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1;
    }).length;
  const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] as const;
  paint(mask, box, (x, y) => crossings(x, y) % 2 === 1, value);
}

/** Masks pixels outside [low, high]; a null bound is open. NaN is masked. */
export function paintThreshold(
  mask: MaskImage,
  values: ArrayLike<number>,
  low: number | null,
  high: number | null,
): void {
  for (let i = 0; i < mask.bytes.length; i++) {
    const value = at(values, i);
    if (Number.isNaN(value) || (low !== null && value < low) || (high !== null && value > high)) mask.bytes[i] = 1;
  }
}

export function invertMask(mask: MaskImage): void {
  for (let i = 0; i < mask.bytes.length; i++) mask.bytes[i] = mask.bytes[i] ? 0 : 1;
}
