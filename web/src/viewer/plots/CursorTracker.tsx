/** Tells where the pointer is, in data coordinates; null when it left the plot. A finger that was lifted has not left. */

import { useCanvasEvent, useVisCanvasContext } from '@h5web/lib';
import { useEffect } from 'react';

import type { CursorStore } from './cursor';

interface CursorTrackerProps {
  readonly cursor: CursorStore;
}

export function CursorTracker({ cursor }: CursorTrackerProps) {
  const { canvasArea } = useVisCanvasContext();
  useCanvasEvent('pointerdown', ({ dataPt }) => cursor.set({ x: dataPt.x, y: dataPt.y }));
  useCanvasEvent('pointermove', ({ dataPt }) => cursor.set({ x: dataPt.x, y: dataPt.y }));
  useEffect(() => {
    const leave = ({ pointerType }: PointerEvent) => pointerType !== 'touch' && cursor.set(null);
    canvasArea.addEventListener('pointerleave', leave);
    return () => canvasArea.removeEventListener('pointerleave', leave);
  }, [canvasArea, cursor]);
  return null;
}
