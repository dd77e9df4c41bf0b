/** The viewer's public face. */

export { DatasetViewer, type DatasetViewerProps } from './DatasetViewer';
export { MiniPlot, type MiniPlotProps } from './MiniPlot';
export { stateFromParams, stateToParams, type ViewerState } from './core/state';
