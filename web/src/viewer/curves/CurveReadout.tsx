/** The point of each curve nearest to the cursor. */

import { formatNumber, formatUncertain, withUnit } from '../core/format';
import { at } from '../core/numbers';
import { useCursor, type CursorStore } from '../plots/cursor';
import { Readout, type ReadoutItem } from '../plots/Readout';
import type { DrawnCurve } from './CurvePlot';

interface CurveReadoutProps {
  readonly cursor: CursorStore;
  readonly x: Float64Array;
  readonly curves: readonly DrawnCurve[];
  readonly name: string;
  readonly unit: string | null;
  /** Names by value of an enumeration. */
  readonly names: ReadonlyMap<number, string>;
}

const MOST_CURVES = 4;

export function CurveReadout({ cursor, x, curves, name, unit, names }: CurveReadoutProps) {
  const position = useCursor(cursor);
  if (!position || x.length === 0) return <Readout items={[]} hint="Point at a curve to read values" />;
  const index = nearestIndex(x, position.x);
  const indexOf = (curve: DrawnCurve) => (curve.x ? nearestIndex(curve.x, position.x) : index);
  const items: ReadoutItem[] = [
    { name: 'point', value: String(index), width: 6 },
    { name, value: withUnit(formatNumber(at(x, index)), unit), strong: true, width: 13 },
    ...curves.slice(0, MOST_CURVES).map((curve) => ({
      name: curve.label,
      value: names.get(at(curve.y, indexOf(curve))) ?? withUnit(formatUncertain(at(curve.y, indexOf(curve)), curve.errors ? at(curve.errors, index) : null), curve.unit),
      strong: true,
      width: 16,
    })),
  ];
  return <Readout items={items} />;
}

function nearestIndex(x: Float64Array, wanted: number): number {
  let best = 0;
  let distance = Infinity;
  for (let i = 0; i < x.length; i++) {
    const away = Math.abs(at(x, i) - wanted);
    if (away < distance) [best, distance] = [i, away];
  }
  return best;
}
