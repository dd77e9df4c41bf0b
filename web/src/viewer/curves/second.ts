/** Further signals in another unit than the signal's (a phase beside an intensity) have an axis of their own, on the right. */

import { prettyUnit } from '../core/format';
import type { Domain } from '../core/numbers';
import type { AxisScale } from '../core/ticks';

/** The unit of the axis on the right, null where none is needed. A signal without a unit is taken to share the plot's. */
export function secondUnit(unit: string | null, others: readonly (string | null)[]): string | null {
  return others.find((other) => prettyUnit(other) !== '' && prettyUnit(other) !== prettyUnit(unit)) ?? null;
}

/** A value of the axis on the right, which is linear, as the value of the axis on the left at the same height. */
export function onLeft(value: number, right: Domain, left: Domain, scale: AxisScale): number {
  const part = (value - right[0]) / (right[1] - right[0]);
  return scale === 'log' ? left[0] * (left[1] / left[0]) ** part : left[0] + part * (left[1] - left[0]);
}

/** What the axis on the right shows while the one on the left, in whole `left`, shows `visible`. */
export function onRight(visible: Domain, right: Domain, left: Domain, scale: AxisScale): Domain {
  const forward = scale === 'log' ? Math.log10 : (value: number) => value;
  const part = (value: number) => (forward(value) - forward(left[0])) / (forward(left[1]) - forward(left[0]));
  const place = (value: number) => right[0] + part(value) * (right[1] - right[0]);
  return [place(visible[0]), place(visible[1])];
}
