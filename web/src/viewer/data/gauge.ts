/** What the viewer does, for those who measure: `window.pandaasViewer` in the browser's console, tests and benchmarks. */

import type { Cost } from './frameStore';

interface Gauge {
  /** Pictures with new pixels that were drawn since the page was opened. */
  drawn: number;
  /** What the newest frame says about the worker's memory; null before the first. */
  cost: Cost | null;
}

declare global {
  interface Window {
    pandaasViewer?: Readonly<Gauge>;
  }
}

const gauge: Gauge = { drawn: 0, cost: null };
if (typeof window !== 'undefined') window.pandaasViewer = gauge;

export function countDrawn(): void {
  gauge.drawn++;
}

export function noteCost(cost: Cost): void {
  gauge.cost = cost;
}

export function drawnSoFar(): number {
  return gauge.drawn;
}
