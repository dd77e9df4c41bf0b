/** Colour images: the last dimension holds red, green and blue. */

import { RgbVis } from '@h5web/lib';
import ndarray from 'ndarray';
import { useEffect, useMemo } from 'react';

import { at, clamp, type NumericArray } from '../core/numbers';
import { safeSlice } from '../core/selection';
import { cachedArray } from '../data/arrays';
import { binaryUrl } from '../data/requests';
import { useLatest } from '../data/useLatest';
import { captionLines } from '../figure/captions';
import { imageFigureSvg } from '../figure/svg';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';

export function RgbPlot({ source, slice, mapping, dataset, onFigure }: PlotProps) {
  const rank = source.shape.length;
  const indices = safeSlice(source.shape, slice);
  // The two image dimensions and the channels stay whole.
  const selection = source.shape.map((_, d) => (d >= rank - 3 ? ':' : String(indices[d] ?? 0))).join(',');
  const url = binaryUrl(source.pid, source.path, rank > 3 ? selection : null);
  const job = useMemo(() => ({ url }), [url]);
  const loaded = useLatest(job, ({ url: wanted }, signal) => cachedArray(wanted, signal));
  const [rows = 1, columns = 1, channels = 3] = source.shape.slice(-3);

  const image = useMemo(() => {
    if (!loaded.value) return null;
    const { values } = loaded.value;
    if (channels === 3) return ndarray(values, [rows, columns, 3]);
    // The fourth channel (opacity) is left out.
    return ndarray(values, [rows, columns, 3], [columns * channels, channels, 1]);
  }, [loaded.value, rows, columns, channels]);

  const values = loaded.value?.values ?? null;
  useEffect(() => {
    if (!values) return;
    const svg = () =>
      imageFigureSvg({
        title: dataset.title,
        caption: captionLines(dataset, source.path, rank > 3 ? selection : null),
        x: { label: 'x (pixel)', domain: [0, columns], scale: 'linear' },
        y: { label: 'y (pixel)', domain: [0, rows], scale: 'linear', reversed: true },
        image: painted(values, rows, columns, channels),
        aspect: clamp(columns / rows, 0.2, 5),
        bar: null,
      });
    onFigure({ svg, width: 868, height: 900 });
    return () => onFigure(null);
  }, [values, rows, columns, channels, rank, selection, dataset, source.path, onFigure]);

  return (
    <PlotFrame
      pending={loaded.pending}
      late={loaded.late}
      error={loaded.error}
      empty={image === null}
      description={`Colour image of ${source.path}, ${columns} by ${rows} pixels`}
    >
      {image && <RgbVis key={`${mapping.x}`} dataArray={image} flipYAxis aspect="equal" />}
    </PlotFrame>
  );
}

/** PNG of the whole image as data: URL; floats count from 0 to 1. */
function painted(values: NumericArray, rows: number, columns: number, channels: number): string {
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  if (!context) return '';
  const pixels = context.createImageData(columns, rows);
  const full = values instanceof Float32Array || values instanceof Float64Array ? 255 : 1;
  for (let i = 0; i < rows * columns; i++) {
    for (let channel = 0; channel < 3; channel++) pixels.data[4 * i + channel] = full * at(values, channels * i + channel);
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL('image/png');
}
