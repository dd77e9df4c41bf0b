/** Colour images: the last dimension holds red, green and blue. */

import { RgbVis } from '@h5web/lib';
import ndarray from 'ndarray';
import { useMemo } from 'react';

import { safeSlice } from '../core/selection';
import { cachedArray } from '../data/arrays';
import { binaryUrl } from '../data/requests';
import { useLatest } from '../data/useLatest';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';

export function RgbPlot({ source, slice, mapping }: PlotProps) {
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
