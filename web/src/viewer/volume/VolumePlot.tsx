import type { PlotProps } from '../plots/props';
export function VolumePlot(_: PlotProps) { return null; }
