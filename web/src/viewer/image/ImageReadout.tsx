/** Under the cursor, always: indices, axis values with units, value with uncertainty, q, d, 2θ and χ. */

import { useMemo } from 'react';

import { formatNumber, formatUncertain, withUnit } from '../core/format';
import type { DetectorGeometry } from '../core/geometry';
import { frameClient } from '../data/frameClient';
import type { FrameSource, RuleSource } from '../data/frameStore';
import { useLatest } from '../data/useLatest';
import type { PlotAxis } from '../plots/axes';
import { useCursor, type CursorStore } from '../plots/cursor';
import { Readout, type ReadoutItem } from '../plots/Readout';

interface ImageReadoutProps {
  readonly cursor: CursorStore;
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  readonly frame: FrameSource;
  readonly errors: FrameSource | null;
  readonly rules: RuleSource;
  readonly saturation: number | null;
  readonly unit: string | null;
  readonly geometry: DetectorGeometry | null;
}

interface PixelJob {
  readonly row: number;
  readonly column: number;
  readonly frame: FrameSource;
  readonly errors: FrameSource | null;
}

function readPixel({ frame, errors, row, column }: PixelJob, signal: AbortSignal): Promise<[number, number | null]> {
  const client = frameClient();
  const value = client.ask('value', { source: frame, row, column }, signal);
  const error = errors ? client.ask('value', { source: errors, row, column }, signal).catch(() => null) : Promise.resolve(null);
  return Promise.all([value, error]);
}

export function ImageReadout(props: ImageReadoutProps) {
  const { cursor, xAxis, yAxis, frame, errors, geometry } = props;
  const position = useCursor(cursor);
  const x = position ? xAxis.toPixel(position.x) : NaN;
  const y = position ? yAxis.toPixel(position.y) : NaN;
  const column = Math.floor(x);
  const row = Math.floor(y);
  const inside = column >= 0 && row >= 0 && column < xAxis.size && row < yAxis.size;
  const job = useMemo<PixelJob | null>(
    () => (inside ? { row, column, frame, errors } : null),
    [inside, row, column, frame, errors],
  );
  const pixel = useLatest(job, readPixel, 1);

  const long = geometry !== null || (xAxis.valueAt(0) !== null && yAxis.valueAt(0) !== null);
  if (!inside) return <Readout items={[]} hint="Point at the image to read values" long={long} />;
  const items: ReadoutItem[] = [
    { name: 'column', value: String(column), width: 5 },
    { name: 'row', value: String(row), width: 5 },
    ...axisItems(xAxis, column),
    ...axisItems(yAxis, row),
    { name: 'value', value: pixel.value ? valueText(pixel.value, props) : '…', strong: true, width: 14 },
  ];
  if (geometry) {
    const angles = geometry.at(x, y);
    items.push(
      { name: 'q', value: `${angles.q.toFixed(4)} Å⁻¹`, width: 12 },
      { name: 'd', value: Number.isFinite(angles.d) ? `${formatNumber(angles.d)} Å` : '∞', width: 10 },
      { name: '2θ', value: `${angles.twoTheta.toFixed(3)}°`, width: 8 },
      { name: 'χ', value: `${angles.chi.toFixed(1).replace('-', '−')}°`, width: 8 },
    );
  }
  return <Readout items={items} long={long} />;
}

function axisItems(axis: PlotAxis, index: number): ReadoutItem[] {
  const name = axis.nameOf?.(index);
  if (name) return [{ name: axis.name, value: name, width: 14 }];
  const value = axis.valueAt(index);
  return value === null ? [] : [{ name: axis.name, value: withUnit(formatNumber(value), axis.unit), width: 11 }];
}

function valueText([value, error]: [number, number | null], { rules, saturation, unit }: ImageReadoutProps): string {
  if (Number.isNaN(value) || rules.sentinels.includes(value)) return 'no value';
  const text = withUnit(formatUncertain(value, error), unit);
  return saturation !== null && value >= saturation ? `${text} saturated` : text;
}
