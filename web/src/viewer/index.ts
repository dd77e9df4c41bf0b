/** The viewer's public face. */

export { DatasetViewer, type DatasetViewerProps } from './DatasetViewer';
export { MiniPlot, type MiniPlotProps } from './MiniPlot';
export { isStep, stateFromParams, stateToParams, unreadParams, type ViewerState } from './core/state';
