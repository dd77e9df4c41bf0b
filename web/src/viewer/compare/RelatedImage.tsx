/** One image out of two: their difference or their ratio, pixel by pixel at full resolution. */

import { useCallback, useEffect, useMemo, useState } from 'react';

import { validDomain, type ColorScale } from '../core/contrast';
import { axisLabel, formatNumber, prettyUnit, withUnit } from '../core/format';
import { at, type Domain } from '../core/numbers';
import { percentiles } from '../core/statistics';
import { safeSlice, selectionText } from '../core/selection';
import type { Box, Relation } from '../core/state';
import { frameClient } from '../data/frameClient';
import { sentinelsOf, type Rendered } from '../data/frameStore';
import { useGeometry } from '../data/queries';
import { binaryUrl } from '../data/requests';
import { useLatest } from '../data/useLatest';
import { ColorScaleBar } from '../image/ColorScaleBar';
import { Feed } from '../image/feed';
import { ImageCanvas } from '../image/ImageCanvas';
import { frameSource } from '../image/useFrames';
import { useImageFigure } from '../image/useImageFigure';
import { overviewFactor } from '../image/view';
import { imageAxis, plainAxis, wantsSquarePixels, type PlotAxis } from '../plots/axes';
import { CursorStore, useCursor } from '../plots/cursor';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';
import { Readout } from '../plots/Readout';
import type { View } from '../plots/ZoomSync';
import { meanPool, related } from './fits';
import type { Partner } from './usePartner';

interface RelatedImageProps extends PlotProps {
  readonly partner: Partner;
  readonly relation: Exclude<Relation, 'beside'>;
}

const SAMPLES = 100_000;

export function RelatedImage(props: RelatedImageProps) {
  const { source, axes, state, mapping: given, partner, relation, slice, onStateChange, onChosen } = props;
  const { x, y } = given;
  const mapping = useMemo(() => ({ x, y: y ?? 0 }), [x, y]);
  const [view, setView] = useState<View | null>(null);
  const [cursor] = useState(() => new CursorStore());
  const xAxis = useAxis(axes[mapping.x]);
  const yAxis = useAxis(axes[mapping.y]);
  const geometry = useGeometry(source, source.path, true);
  const maskPath = (state.mask ?? true) ? (geometry.data?.mask ?? null) : null;
  const sliceKey = slice.join(',');
  const part = state.part ?? null;
  const job = useMemo(() => {
    const indices = sliceKey.split(',').map(Number);
    const ask = (array: PlotProps['source'], mask: string | null) => ({
      source: frameSource(array, mapping, safeSlice(array.shape, indices), part),
      rules: { sentinels: sentinelsOf(array.dtype, null), maskUrl: mask === null ? null : binaryUrl(array.pid, mask, null) },
      block: null,
      factor: 1,
    });
    return { own: ask(source, maskPath), other: ask(partner.source, null), relation };
  }, [source, partner, mapping, sliceKey, part, maskPath, relation]);
  const latest = useLatest(job, async ({ own, other, relation: kind }, signal) => {
    const [a, b] = await Promise.all([frameClient().ask('render', own, signal), frameClient().ask('render', other, signal)]);
    const values = related(a.values, b.values, kind);
    frameClient().recycle(a.values);
    frameClient().recycle(b.values);
    return { values, rows: a.rows, columns: a.columns, cost: a.cost };
  });
  const full = latest.value;
  const factor = view?.zoomed ? 1 : overviewFactor(yAxis.size, xAxis.size, view, Math.min(window.devicePixelRatio || 1, 2));
  const rendered = useMemo<Rendered | null>(() => {
    if (!full) return null;
    const pooled = meanPool(full.values, full.rows, full.columns, factor);
    return { ...pooled, block: { row: 0, column: 0, rows: full.rows, columns: full.columns }, factor, frameRows: full.rows, frameColumns: full.columns, cost: full.cost };
  }, [full, factor]);

  const [feed] = useState(() => new Feed<Rendered>());
  useEffect(() => {
    if (rendered) feed.publish(rendered);
  }, [feed, rendered]);

  const scale = scaleOf(state.scale, relation);
  const automatic = useMemo(() => (full ? domainOf(full.values, relation, scale) : ([0, 1] as Domain)), [full, relation, scale]);
  const domain = useMemo(() => validDomain(state.domain ?? automatic, scale, 1e-3), [state.domain, automatic, scale]);
  // What lies around a middle has a light one.
  const around = relation === 'difference' || scale === 'log';
  const [map, invert] = [state.map ?? (around ? 'blue-red' : 'viridis'), state.invert ?? false];
  const look = useMemo(() => ({ map, invert, scale, domain, saturation: null }), [map, invert, scale, domain]);
  const top = state.top ?? (yAxis.isIndex && source.kind !== 'spectra_map');
  const square = wantsSquarePixels(xAxis, yAxis, source.kind);
  useEffect(() => onChosen({ scale, top, domain }), [onChosen, scale, top, domain]);
  const onZoom = useCallback((zoom: Box | undefined) => onStateChange({ zoom }), [onStateChange]);
  const selection = selectionText(source.shape, mapping, slice);
  const unit = relation === 'difference' ? source.unit : ratioUnit(source.unit, partner.source.unit);
  const titled = useMemo(
    () => ({ ...props.dataset, title: `${props.dataset.title} ${relation === 'difference' ? '−' : '÷'} ${partner.dataset.title}` }),
    [props.dataset, relation, partner.dataset.title],
  );
  // What is drawn is no longer what the file calls its values.
  const drawn = relation === 'difference' ? 'Difference' : 'Ratio';
  const inUnit = useMemo(() => ({ ...source, title: drawn, unit }), [source, drawn, unit]);
  useImageFigure({
    ...props,
    dataset: titled,
    source: inUnit,
    shown: rendered,
    detail: null,
    feed,
    look, xAxis, yAxis, square, top, selection,
  });
  return (
    <PlotFrame
      pending={latest.pending}
      late={latest.late}
      error={latest.error}
      empty={!rendered}
      zoomed={state.zoom !== undefined}
      description={`${drawn} of ${source.path} and ${partner.source.path}, ${xAxis.size} by ${yAxis.size} pixels`}
      readout={<RelatedReadout cursor={cursor} xAxis={xAxis} yAxis={yAxis} full={full} unit={unit} name={relation} />}
    >
      {rendered && (
        <>
          <ImageCanvas first={rendered} feed={feed} detail={null} look={look} xAxis={xAxis} yAxis={yAxis} square={square} top={top} cursor={cursor} zoom={state.zoom} onZoom={onZoom} onView={setView} drawing={false} />
          <ColorScaleBar domain={domain} scale={scale} map={map} invert={invert} label={axisLabel(drawn, unit)} saturation={null} />
        </>
      )}
    </PlotFrame>
  );
}

/** Differences have two signs, so their logarithm is that of their size, with the sign kept; ratios are positive. */
export function scaleOf(wanted: ColorScale | undefined, relation: Exclude<Relation, 'beside'>): ColorScale {
  return wanted === 'log' && relation === 'difference' ? 'symlog' : (wanted ?? 'linear');
}

/**
 * Differences lie around zero, which stays in the middle; ratios take their percentiles, or lie around one, which stays in
 * the middle of a logarithmic scale.
 */
export function domainOf(values: Float32Array, relation: Exclude<Relation, 'beside'>, scale: ColorScale = 'linear'): Domain {
  const step = Math.max(1, Math.ceil(values.length / SAMPLES)) | 1;
  const logarithmic = relation === 'ratio' && scale === 'log';
  const counts = logarithmic ? (value: number) => Number.isFinite(value) && value > 0 : Number.isFinite;
  const sample = Float64Array.from({ length: Math.ceil(values.length / step) }, (_, i) => at(values, i * step)).filter(counts);
  const [low = NaN, high = NaN] = percentiles(sample, [0.5, 99.5]);
  if (Number.isNaN(low)) return [0, 1];
  if (logarithmic) {
    const reach = Math.max(high, 1 / low, 1.01);
    return [1 / reach, reach];
  }
  if (relation === 'ratio') return high > low ? [low, high] : [low - 0.5, low + 0.5];
  const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return [-reach, reach];
}

export function ratioUnit(own: string | null, other: string | null): string | null {
  const [a, b] = [prettyUnit(own), prettyUnit(other)];
  return a === b ? null : `${a || '1'}/${b || '1'}`;
}

interface RelatedReadoutProps {
  readonly cursor: CursorStore;
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  readonly full: { values: Float32Array; rows: number; columns: number } | null;
  readonly unit: string | null;
  readonly name: string;
}

function RelatedReadout({ cursor, xAxis, yAxis, full, unit, name }: RelatedReadoutProps) {
  const position = useCursor(cursor);
  const column = position ? Math.floor(xAxis.toPixel(position.x)) : -1;
  const row = position ? Math.floor(yAxis.toPixel(position.y)) : -1;
  if (!full || column < 0 || row < 0 || column >= full.columns || row >= full.rows) return <Readout items={[]} hint="Point at the image to read values" />;
  const value = at(full.values, row * full.columns + column);
  return (
    <Readout
      items={[
        { name: 'column', value: String(column), width: 5 },
        { name: 'row', value: String(row), width: 5 },
        { name, value: Number.isNaN(value) ? 'no value' : withUnit(formatNumber(value), unit), strong: true, width: 14 },
      ]}
    />
  );
}

function useAxis(info: PlotProps['axes'][number] | undefined): PlotAxis {
  const { path, name, unit, size, values, labels = null } = info ?? plainAxis(1, 0, 1, null);
  return useMemo(() => imageAxis({ path, name, unit, size, values, labels }), [path, name, unit, size, values, labels]);
}
