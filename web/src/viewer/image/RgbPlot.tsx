/** Colour images: the last dimension holds red, green and blue. */

import { DefaultInteractions, VisCanvas } from '@h5web/lib';
import { useCallback, useEffect, useMemo, useState } from 'react';

import { formatNumber } from '../core/format';
import { at, clamp, type NumericArray } from '../core/numbers';
import { safeSlice } from '../core/selection';
import type { Box } from '../core/state';
import { cachedArray } from '../data/arrays';
import { binaryUrl } from '../data/requests';
import { useLatest } from '../data/useLatest';
import { captionLines } from '../figure/captions';
import { imageFigureSvg } from '../figure/svg';
import { imageAxis, plainAxis, tickFormat, type PlotAxis } from '../plots/axes';
import { CursorTracker } from '../plots/CursorTracker';
import { CursorStore, useCursor } from '../plots/cursor';
import { PinchZoom } from '../plots/PinchZoom';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';
import { Readout } from '../plots/Readout';
import { ZoomSync } from '../plots/ZoomSync';
import { ColorMesh } from './ColorMesh';

const ignore = () => undefined;

export function RgbPlot({ source, slice, dataset, state, onStateChange, onFigure }: PlotProps) {
  const rank = source.shape.length;
  const indices = safeSlice(source.shape, slice);
  // The two image dimensions and the channels stay whole.
  const selection = source.shape.map((_, d) => (d >= rank - 3 ? ':' : String(indices[d] ?? 0))).join(',');
  const url = binaryUrl(source.pid, source.path, rank > 3 ? selection : null);
  const job = useMemo(() => ({ url }), [url]);
  const loaded = useLatest(job, ({ url: wanted }, signal) => cachedArray(wanted, signal));
  const [rows = 1, columns = 1, channels = 3] = source.shape.slice(-3);

  const [cursor] = useState(() => new CursorStore());
  const xAxis = useMemo(() => imageAxis(plainAxis(columns, 1, 2, 'image')), [columns]);
  const yAxis = useMemo(() => imageAxis(plainAxis(rows, 0, 2, 'image')), [rows]);
  const onZoom = useCallback((zoom: Box | undefined) => onStateChange({ zoom }), [onStateChange]);

  const values = loaded.value?.values ?? null;
  const pixels = useMemo(() => (values ? painted(values, rows, columns, channels) : null), [values, rows, columns, channels]);
  useEffect(() => {
    if (!pixels) return;
    const svg = () =>
      imageFigureSvg({
        title: dataset.title,
        caption: captionLines(dataset, source.path, rank > 3 ? selection : null),
        x: { label: xAxis.label, domain: [0, columns], scale: 'linear' },
        y: { label: yAxis.label, domain: [0, rows], scale: 'linear', reversed: true },
        image: pictureUrl(pixels),
        aspect: clamp(columns / rows, 0.2, 5),
        bar: null,
      });
    onFigure({ svg, width: 868, height: 900 });
    return () => onFigure(null);
  }, [pixels, rows, columns, xAxis, yAxis, rank, selection, dataset, source.path, onFigure]);

  return (
    <PlotFrame
      pending={loaded.pending}
      late={loaded.late}
      error={loaded.error}
      empty={pixels === null}
      zoomed={state.zoom !== undefined}
      description={`Colour image of ${source.path}, ${columns} by ${rows} pixels`}
      readout={<ColorReadout cursor={cursor} values={values} columns={columns} rows={rows} channels={channels} />}
    >
      {pixels && (
        <VisCanvas aspect="equal" abscissaConfig={axisConfig(xAxis)} ordinateConfig={{ ...axisConfig(yAxis), flip: true }}>
          <DefaultInteractions />
          <ZoomSync zoom={state.zoom} onZoom={onZoom} onView={ignore} />
          <CursorTracker cursor={cursor} />
          <PinchZoom />
          <ColorMesh pixels={pixels} xAxis={xAxis} yAxis={yAxis} />
        </VisCanvas>
      )}
    </PlotFrame>
  );
}

function axisConfig(axis: PlotAxis) {
  return { visDomain: axis.domain, isIndexAxis: true, label: axis.label, formatTick: tickFormat(axis) };
}

interface ColorReadoutProps {
  readonly cursor: CursorStore;
  readonly values: NumericArray | null;
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
}

function ColorReadout({ cursor, values, rows, columns, channels }: ColorReadoutProps) {
  const position = useCursor(cursor);
  const column = Math.floor(position?.x ?? NaN);
  const row = Math.floor(position?.y ?? NaN);
  const inside = column >= 0 && row >= 0 && column < columns && row < rows;
  if (!inside || !values) return <Readout items={[]} hint="Point at the image to read values" />;
  const channel = (index: number) => formatNumber(at(values, channels * (row * columns + column) + index));
  return (
    <Readout
      items={[
        { name: 'column', value: String(column), width: 5 },
        { name: 'row', value: String(row), width: 5 },
        ...['red', 'green', 'blue'].map((name, index) => ({ name, value: channel(index), strong: true })),
      ]}
    />
  );
}

/** The image without its fourth channel (opacity); floats count from 0 to 1. */
function painted(values: NumericArray, rows: number, columns: number, channels: number): ImageData {
  const pixels = new ImageData(columns, rows);
  const full = values instanceof Float32Array || values instanceof Float64Array ? 255 : 1;
  for (let i = 0; i < rows * columns; i++) {
    for (let channel = 0; channel < 3; channel++) pixels.data[4 * i + channel] = full * at(values, channels * i + channel);
    pixels.data[4 * i + 3] = 255;
  }
  return pixels;
}

/** PNG of the whole image as data: URL. */
function pictureUrl(pixels: ImageData): string {
  const canvas = document.createElement('canvas');
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return canvas.toDataURL('image/png');
}
