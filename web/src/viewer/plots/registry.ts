/** Which visualisations an array has, best first. */

import { isNumeric, parseDtype } from '../core/dtype';
import { VISUALISATIONS, type Visualisation } from '../core/state';
import type { ArraySource, PlotContext } from '../data/types';

export interface VisualisationInfo {
  readonly id: Visualisation;
  readonly label: string;
  readonly supports: (source: ArraySource, plot: PlotContext) => boolean;
}

const rank = (source: ArraySource) => source.shape.length;
const size = (source: ArraySource) => source.shape.reduce((product, length) => product * length, 1);
const isTable = (source: ArraySource) => source.typeClass === 'compound' || source.dtype.includes('[(');
const isEmpty = (source: ArraySource) => size(source) === 0;

const hasChannels = (source: ArraySource) =>
  rank(source) >= 3 && isNumeric(source.dtype) && (source.shape.at(-1) === 3 || source.shape.at(-1) === 4);
const isColour = (source: ArraySource) => hasChannels(source) && parseDtype(source.dtype)?.code === 'u1';

/** Three dimensions with something to see along each. */
const isVolume = (source: ArraySource) => isNumeric(source.dtype) && source.shape.filter((length) => length >= FEW).length >= 3 && !isColour(source);
/** Its last three dimensions can be had at lower resolution: the server reads at most so much for one answer. */
const isBinnable = (source: ArraySource) =>
  source.shape.slice(-3).every((length) => length >= FEW) &&
  source.shape.slice(-3).reduce((product, length) => product * length, parseDtype(source.dtype)?.itemSize ?? 8) <= MOST_BINNED;
const FEW = 4;
const MOST_BINNED = 4 * 2 ** 30;

const REGISTRY: readonly VisualisationInfo[] = [
  {
    id: 'line',
    label: 'Curve',
    supports: (source) => isNumeric(source.dtype) && size(source) > 1,
  },
  {
    id: 'heatmap',
    label: 'Image',
    supports: (source) => isNumeric(source.dtype) && rank(source) >= 2 && !isEmpty(source),
  },
  {
    id: 'scatter',
    label: 'Scatter',
    supports: (source, plot) =>
      isNumeric(source.dtype) && rank(source) === 1 && plot.axes.filter((axis) => axis !== null).length >= 2,
  },
  {
    id: 'rgb',
    label: 'Colour',
    supports: (source, plot) => isColour(source) || (plot.interpretation === 'rgb-image' && hasChannels(source)),
  },
  { id: 'slices', label: 'Slices', supports: (source) => isVolume(source) },
  { id: 'volume', label: 'Volume', supports: (source) => isVolume(source) && isBinnable(source) },
  { id: 'matrix', label: 'Numbers', supports: (source) => isNumeric(source.dtype) && rank(source) >= 1 && !isEmpty(source) },
  { id: 'table', label: 'Table', supports: (source) => isTable(source) || (!isNumeric(source.dtype) && rank(source) >= 1) },
  { id: 'value', label: 'Value', supports: (source) => rank(source) === 0 },
  { id: 'attributes', label: 'Attributes', supports: () => true },
];

export function supported(source: ArraySource, plot: PlotContext): VisualisationInfo[] {
  return REGISTRY.filter((visualisation) => visualisation.supports(source, plot));
}

/** The wanted visualisation where the array has it, else the one that suits the array best. */
export function chooseVisualisation(
  source: ArraySource,
  plot: PlotContext,
  wanted: Visualisation | undefined,
): Visualisation {
  const ids = supported(source, plot).map(({ id }) => id);
  if (wanted && ids.includes(wanted)) return wanted;
  const first = suggested(source, plot).find((id) => ids.includes(id));
  return first ?? ids[0] ?? 'attributes';
}

function suggested(source: ArraySource, plot: PlotContext): readonly Visualisation[] {
  if (rank(source) === 0) return ['value'];
  // Bytes with three or four channels are colours unless the file says otherwise.
  if (plot.interpretation === null && rank(source) === 3 && isColour(source)) return ['rgb', 'heatmap'];
  if (plot.interpretation === 'rgb-image') return ['rgb', 'heatmap'];
  if (plot.interpretation === 'spectrum') return ['line'];
  if (plot.interpretation === 'vertex') return ['scatter', 'line'];
  if (plot.interpretation === 'image') return ['heatmap', 'line'];
  if (rank(source) === 1) return ['scatter', 'line', 'matrix', 'table'];
  // A few rows of numbers are curves, everything else of two and more dimensions an image; dimensions of length one don't count.
  const long = source.shape.filter((length) => length > 1);
  if (long.length <= 1) return ['line', 'heatmap', 'table'];
  if (long.length === 2 && source.kind !== 'image' && Math.min(...long) <= 8) return ['line', 'heatmap', 'table'];
  return ['heatmap', 'line', 'table'];
}

export function isVisualisation(text: string): text is Visualisation {
  return (VISUALISATIONS as readonly string[]).includes(text);
}
