/** Values at points given by two axes of the same length. */

import { ScatterVis, ScaleType } from '@h5web/lib';
import { useEffect, useMemo } from 'react';
import ndarray from 'ndarray';

import { autoDomain, validDomain } from '../core/contrast';
import { axisLabel, baseName } from '../core/format';
import { percentiles, statistics } from '../core/statistics';
import { cachedArray } from '../data/arrays';
import { binaryUrl } from '../data/requests';
import { textAttribute, useNode } from '../data/queries';
import { useLatest } from '../data/useLatest';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';

const SCALES = { linear: ScaleType.Linear, log: ScaleType.Log, sqrt: ScaleType.Sqrt, symlog: ScaleType.SymLog } as const;
const MAPS = { viridis: 'Viridis', inferno: 'Inferno', cividis: 'Cividis', grey: 'Greys' } as const;

export function ScatterPlot({ source, plot, state, onChosen }: PlotProps) {
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
  useEffect(() => onChosen({ scale }), [onChosen, scale]);
  const [x, y, values] = loaded.value ?? [];

  const domain = useMemo(() => {
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
    return validDomain(state.domain ?? autoDomain(stats, scale), scale, stats.positive_minimum ?? 1);
  }, [values, scale, state.domain]);

  const label = (path: string | undefined, unit: string | null | undefined) => axisLabel(baseName(path ?? ''), unit);
  return (
    <PlotFrame
      pending={loaded.pending}
      late={loaded.late}
      error={loaded.error}
      empty={!values}
      description={`Scatter plot of ${source.path}, ${values?.length ?? 0} points`}
    >
      {x && y && values && (
        <ScatterVis
          abscissaParams={{ value: x, label: label(firstAxis, xNode.data?.unit ?? textAttribute(xNode.data?.attributes, 'units')) }}
          ordinateParams={{ value: y, label: label(secondAxis, yNode.data?.unit ?? textAttribute(yNode.data?.attributes, 'units')) }}
          dataArray={ndarray(values, [values.length])}
          domain={domain}
          scaleType={SCALES[scale]}
          colorMap={MAPS[state.map ?? 'viridis']}
          invertColorMap={state.invert ?? false}
          title={axisLabel(source.title ?? baseName(source.path), source.unit)}
        />
      )}
    </PlotFrame>
  );
}
