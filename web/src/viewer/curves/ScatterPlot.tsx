/** Values at points given by two axes of the same length. */

import { DefaultInteractions, ScaleType, ScatterPoints, VisCanvas } from '@h5web/lib';
import { useEffect, useMemo } from 'react';

import { colorDomain, colorFraction, defaultMap, validDomain } from '../core/contrast';
import { axisLabel, baseName } from '../core/format';
import { at } from '../core/numbers';
import { percentiles, statistics } from '../core/statistics';
import { cachedArray } from '../data/arrays';
import { binaryUrl } from '../data/requests';
import { textAttribute, useNode } from '../data/queries';
import { useLatest } from '../data/useLatest';
import { barTicks } from '../figure/barTicks';
import { captionLines } from '../figure/captions';
import { seriesDomain } from '../figure/paths';
import { scatterFigureSvg } from '../figure/svg';
import { ColorScaleBar } from '../image/ColorScaleBar';
import { colorAt, MASKED_COLOR } from '../image/frameMaterial';
import { plainTickLabel } from '../core/ticks';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';

const SCALES = { linear: ScaleType.Linear, log: ScaleType.Log, sqrt: ScaleType.Sqrt, symlog: ScaleType.SymLog } as const;
/** Of a point, in pixels. */
const SIZE = 8;
const MAPS = { viridis: 'Viridis', inferno: 'Inferno', cividis: 'Cividis', grey: 'Greys', 'blue-red': 'RdBu' } as const;

export function ScatterPlot({ source, plot, state, dataset, onChosen, onFigure }: PlotProps) {
  const [firstAxis, secondAxis] = plot.axes.filter((axis) => axis !== null);
  const job = useMemo(
    () => ({ paths: [firstAxis ?? source.path, secondAxis ?? source.path, source.path] }),
    [firstAxis, secondAxis, source.path],
  );
  const loaded = useLatest(job, async ({ paths }, signal) => {
    const arrays = await Promise.all(paths.map((path) => cachedArray(binaryUrl(source.pid, path, null), signal)));
    return arrays.map(({ values }) => Array.from(values));
  });
  const xNode = useNode(source, firstAxis ?? null);
  const yNode = useNode(source, secondAxis ?? null);
  const scale = state.scale ?? 'linear';
  const [x, y, values] = loaded.value ?? [];

  const { domain, map } = useMemo(() => {
    const summary = statistics(values ?? []);
    const keys = ['0.1', '1', '99', '99.9'];
    const found = percentiles(values ?? [], keys.map(Number));
    const positives = (values ?? []).filter((value) => value > 0);
    const stats = {
      minimum: summary?.minimum ?? null,
      maximum: summary?.maximum ?? null,
      positive_minimum: positives.length > 0 ? Math.min(...positives.slice(0, 50_000)) : null,
      percentiles: Object.fromEntries(keys.map((key, i) => [key, found[i] ?? NaN])),
    };
    return {
      domain: validDomain(state.domain ?? colorDomain(stats, scale), scale, stats.positive_minimum ?? 1),
      map: state.map ?? defaultMap(stats),
    };
  }, [values, scale, state.domain, state.map]);
  useEffect(() => onChosen({ scale, map }), [onChosen, scale, map]);

  const label = (path: string | undefined, unit: string | null | undefined) => axisLabel(baseName(path ?? ''), unit);
  const xLabel = label(firstAxis, xNode.data?.unit ?? textAttribute(xNode.data?.attributes, 'units'));
  const yLabel = label(secondAxis, yNode.data?.unit ?? textAttribute(yNode.data?.attributes, 'units'));
  const title = axisLabel(source.title ?? baseName(source.path), source.unit);
  const invert = state.invert ?? false;

  useEffect(() => {
    if (!x || !y || !values) return;
    const svg = () =>
      scatterFigureSvg({
        title: dataset.title,
        caption: captionLines(dataset, source.path, null),
        x: { label: xLabel, domain: seriesDomain([x], 'linear'), scale: 'linear' },
        y: { label: yLabel, domain: seriesDomain([y], 'linear'), scale: 'linear' },
        points: values.map((value, i) => ({
          x: at(x, i),
          y: at(y, i),
          color: Number.isNaN(value) ? MASKED_COLOR[map] : colorAt(map, invert, colorFraction(value, domain, scale)),
        })),
        bar: {
          colors: Array.from({ length: 33 }, (_, i) => colorAt(map, invert, i / 32)),
          ticks: barTicks(domain, scale, 7).filter((tick) => tick.label),
          label: title,
        },
        size: { width: 720, height: 540 },
      });
    onFigure({ svg, width: 932, height: 674 });
    return () => onFigure(null);
  }, [x, y, values, xLabel, yLabel, title, map, invert, domain, scale, dataset, source.path, onFigure]);

  return (
    <PlotFrame
      pending={loaded.pending}
      late={loaded.late}
      error={loaded.error}
      empty={!values}
      description={`Scatter plot of ${source.path}, ${values?.length ?? 0} points`}
    >
      {x && y && values && (
        <>
          <VisCanvas
            title={title}
            aspect="auto"
            abscissaConfig={{ visDomain: seriesDomain([x], 'linear'), scaleType: ScaleType.Linear, label: xLabel, showGrid: true, formatTick: plainTickLabel }}
            ordinateConfig={{ visDomain: seriesDomain([y], 'linear'), scaleType: ScaleType.Linear, label: yLabel, showGrid: true, formatTick: plainTickLabel }}
          >
            <DefaultInteractions />
            <ScatterPoints
              abscissas={x}
              ordinates={y}
              data={values}
              domain={domain}
              scaleType={SCALES[scale]}
              colorMap={MAPS[map]}
              invertColorMap={invert !== (map === 'blue-red')}
              size={SIZE}
            />
          </VisCanvas>
          <ColorScaleBar domain={domain} scale={scale} map={map} invert={invert} label={title} saturation={null} />
        </>
      )}
    </PlotFrame>
  );
}
