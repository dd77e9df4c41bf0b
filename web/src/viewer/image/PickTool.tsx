/** A click takes a pixel, a drag a region. */

import { useCanvasEvent, useVisCanvasContext } from '@h5web/lib';
import { useEffect, useRef } from 'react';

import { clamp } from '../core/numbers';
import type { Box } from '../core/state';
import type { PlotAxis } from '../plots/axes';
import { DrawTool } from './DrawTool';

interface PickToolProps {
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  readonly onPixel: (pixel: [column: number, row: number]) => void;
  readonly onRegion: (box: Box) => void;
}

/** Screen pixels that a hand moves while it clicks. */
const STILL = 4;

export function PickTool({ xAxis, yAxis, onPixel, onRegion }: PickToolProps) {
  const { canvasArea } = useVisCanvasContext();
  const down = useRef<{ x: number; y: number; pixel: [number, number] | null } | null>(null);
  useCanvasEvent('pointerdown', ({ dataPt, sourceEvent }) => {
    const column = Math.floor(xAxis.toPixel(dataPt.x));
    const row = Math.floor(yAxis.toPixel(dataPt.y));
    const inside = column === clamp(column, 0, xAxis.size - 1) && row === clamp(row, 0, yAxis.size - 1);
    const isPlain = sourceEvent.isPrimary && sourceEvent.button === 0;
    down.current = isPlain ? { x: sourceEvent.clientX, y: sourceEvent.clientY, pixel: inside ? [column, row] : null } : null;
  });
  useEffect(() => {
    const up = (event: PointerEvent) => {
      const began = down.current;
      down.current = null;
      if (began?.pixel && Math.hypot(event.clientX - began.x, event.clientY - began.y) <= STILL) onPixel(began.pixel);
    };
    canvasArea.addEventListener('pointerup', up);
    return () => canvasArea.removeEventListener('pointerup', up);
  });
  return <DrawTool shape="region" xAxis={xAxis} yAxis={yAxis} onDrawn={onRegion} />;
}
