/** What every visualisation is given. */

import type { Pace } from '../core/pace';
import type { ColorScale } from '../core/contrast';
import type { ColorMapName, ViewerState } from '../core/state';
import type { AxisScale } from '../core/ticks';
import type { DimensionMapping } from '../core/selection';
import type { ArraySource, DatasetOut, PlotContext } from '../data/types';
import type { AxisInfo } from './axes';

export interface PlotProps {
  /** To be told whether the wanted picture has still to come; playback waits for it. */
  readonly pace: Pace;
  readonly dataset: DatasetOut;
  readonly source: ArraySource;
  readonly plot: PlotContext;
  /** One per dimension. */
  readonly axes: readonly AxisInfo[];
  readonly mapping: DimensionMapping;
  readonly slice: readonly number[];
  readonly state: ViewerState;
  readonly onStateChange: (partial: Partial<ViewerState>) => void;
  /** Grows when the user asks for a new autoscale. */
  readonly epoch: number;
  /** The visualisation tells what it chose where the state leaves it open. */
  readonly onChosen: (chosen: Chosen) => void;
  /** The visualisation offers its figure for export and copying here; null when it has none. */
  readonly onFigure: (figure: FigureProvider | null) => void;
}

export interface Chosen {
  readonly scale?: ColorScale;
  /** The contrast that was chosen, for links that show the same. */
  readonly domain?: [number, number];
  readonly map?: ColorMapName;
  readonly top?: boolean;
  readonly xScale?: AxisScale;
  readonly yScale?: AxisScale;
  readonly errors?: 'bars' | 'band' | 'none';
}

/** Makes a figure for print of what is on show. */
export interface FigureProvider {
  readonly svg: () => string;
  readonly width: number;
  readonly height: number;
  /** Columns of numbers with a header, for curves. */
  readonly columns?: () => string;
}
