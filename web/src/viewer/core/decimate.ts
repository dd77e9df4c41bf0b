/** Long curves for the screen: the smallest and largest value of each bucket stay, so no peak is lost. */

import { at } from './numbers';

/** Indices to draw, ascending; all of them when there are few enough. Non-finite values keep their gap. */
export function decimate(values: ArrayLike<number>, first: number, last: number, buckets: number): Int32Array {
  const total = last - first + 1;
  if (total <= 2 * buckets + 2) return Int32Array.from({ length: Math.max(total, 0) }, (_, i) => first + i);
  const chosen = new Int32Array(2 * buckets + 2);
  let count = 0;
  chosen[count++] = first;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = first + 1 + Math.floor((bucket * (total - 2)) / buckets);
    const to = first + 1 + Math.floor(((bucket + 1) * (total - 2)) / buckets);
    let [low, high] = [from, from];
    for (let i = from; i < to; i++) {
      if (!(at(values, i) >= at(values, low))) low = i;
      if (!(at(values, i) <= at(values, high))) high = i;
    }
    chosen[count++] = Math.min(low, high);
    if (low !== high) chosen[count++] = Math.max(low, high);
  }
  chosen[count++] = last;
  return chosen.subarray(0, count);
}

/** First and last index whose abscissa lies in the domain, one more on each side; `x` monotonic. */
export function visibleRange(x: ArrayLike<number>, low: number, high: number): [number, number] {
  let first = 0;
  let last = x.length - 1;
  const rising = at(x, last) >= at(x, 0);
  const before = (i: number) => (rising ? at(x, i) < low : at(x, i) > high);
  const after = (i: number) => (rising ? at(x, i) > high : at(x, i) < low);
  while (first < last && before(first + 1)) first++;
  while (last > first && after(last - 1)) last--;
  return [first, last];
}

export function pick(values: ArrayLike<number>, indices: Int32Array): Float64Array {
  return Float64Array.from(indices, (index) => at(values, index));
}
