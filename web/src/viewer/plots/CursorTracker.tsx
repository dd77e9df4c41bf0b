/** Tells where the pointer is, in data coordinates; null when it left the plot. */

import { useCanvasEvent, useVisCanvasContext } from '@h5web/lib';
import { useEffect } from 'react';

import type { CursorStore } from './cursor';

interface CursorTrackerProps {
  readonly cursor: CursorStore;
}

export function CursorTracker({ cursor }: CursorTrackerProps) {
  const { canvasArea } = useVisCanvasContext();
  useCanvasEvent('pointermove', ({ dataPt }) => cursor.set({ x: dataPt.x, y: dataPt.y }));
  useEffect(() => {
    const leave = () => cursor.set(null);
    canvasArea.addEventListener('pointerleave', leave);
    return () => canvasArea.removeEventListener('pointerleave', leave);
  }, [canvasArea, cursor]);
  return null;
}
