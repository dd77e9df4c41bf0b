import { useIntersection } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { datasetQuery } from '@/api/queries';
import type { DatasetCard, DatasetOut } from '@/api/types';
import { Thumbnail } from '@/components/Thumbnail';
import { binaryUrl, requestArray } from '@/viewer/data/requests';
import { suggestedScales } from '@/viewer/curves/scales';
import { MiniPlot } from '@/viewer/MiniPlot';

type Plot = NonNullable<DatasetOut['plot']>;
type Curve = NonNullable<Awaited<ReturnType<typeof curveOf>>>;

const LONGEST = 20_000;
const FRESH_MS = 10 * 60_000;

/** The default plot of a dataset in a card: a curve with its axes, drawn once it is in sight; a picture for all else. */
export function CardPlot({ card, height }: { card: DatasetCard; height: number }) {
  const length = card.main_shape?.length === 1 ? (card.main_shape[0] ?? 0) : 0;
  const isCurve = length > 1 && length <= LONGEST;
  const { ref, entry } = useIntersection({ rootMargin: '100px' });
  const [seen, setSeen] = useState(false);
  if (!seen && entry?.isIntersecting) setSeen(true);
  const dataset = useQuery({ ...datasetQuery(card.pid), enabled: isCurve && seen }).data;
  const curve = useQuery({
    queryKey: ['dataset', card.pid, 'curve', card.version],
    queryFn: ({ signal }) => curveOf(dataset as DatasetOut, signal),
    enabled: dataset?.plot != null,
    staleTime: FRESH_MS,
    retry: false,
  }).data;
  const plot = dataset?.plot;
  return (
    <div ref={ref} style={{ height }}>
      {curve && plot ? (
        <MiniPlot {...curve} {...scalesOf(curve, plot, card)} height={height} title={card.title} />
      ) : (
        <Thumbnail card={card} width="100%" height={height} />
      )}
    </div>
  );
}

/** As the file asks, else as the viewer would show it. */
function scalesOf({ x, y, xLabel, xUnit }: Curve, plot: Plot, card: DatasetCard) {
  const suggested = suggestedScales({ x, y, xName: xLabel, xUnit, techniques: card.techniques.map(({ label }) => label) });
  return { xScale: plot.x_scale ?? suggested.x, yScale: plot.y_scale ?? suggested.y } as const;
}

async function curveOf({ pid, plot, arrays }: DatasetOut, signal: AbortSignal) {
  if (!plot) return null;
  const read = async (path: string | null | undefined) => (path == null ? null : (await requestArray(binaryUrl(pid, path, null), signal)).values);
  const [y, x, errors] = await Promise.all([read(plot.signal), read(plot.axes[0]).catch(() => null), read(plot.errors).catch(() => null)]);
  if (y === null) return null;
  const unit = (path: string | null | undefined) => arrays.find((one) => one.path === path)?.unit ?? null;
  const points = x?.length === y.length ? x : Float64Array.from(y, (_, index) => index);
  return {
    x: points,
    y,
    errors: errors?.length === y.length ? errors : null,
    xLabel: points === x ? nameOf(plot.axes[0] ?? '') : 'index',
    yLabel: nameOf(plot.signal),
    xUnit: points === x ? unit(plot.axes[0]) : null,
    yUnit: unit(plot.signal),
  };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replaceAll('_', ' ');
}
