/** Two fingers zoom and move a plot, as the wheel and a drag do for a mouse. */

import { useVisCanvasContext } from '@h5web/lib';
import { useThree } from '@react-three/fiber';
import { useEffect } from 'react';

import { pinched, type CameraPlace, type Finger, type FingerPair } from './pinch';

export function PinchZoom() {
  const { canvasArea, canvasSize } = useVisCanvasContext();
  const camera = useThree((state) => state.camera);
  const invalidate = useThree((state) => state.invalidate);
  useEffect(() => {
    const fingers = new Map<number, Finger>();
    let start: { place: CameraPlace; fingers: FingerPair } | null = null;
    const position = ({ clientX, clientY }: PointerEvent): Finger => {
      const { left, top } = canvasArea.getBoundingClientRect();
      return { x: clientX - left, y: clientY - top };
    };
    const pair = (): FingerPair | null => {
      const [first, second] = fingers.values();
      return first && second ? [first, second] : null;
    };
    const begin = (): void => {
      const both = pair();
      const { position: at, scale } = camera;
      if (both) start = { place: { x: at.x, y: at.y, scaleX: scale.x, scaleY: scale.y }, fingers: both };
    };
    // In the capture phase: while two fingers are at it, the tools for one hear nothing.
    const down = (event: PointerEvent): void => {
      if (event.pointerType !== 'touch') return;
      fingers.set(event.pointerId, position(event));
      begin();
      if (start) event.stopPropagation();
    };
    const move = (event: PointerEvent): void => {
      if (event.pointerType !== 'touch') return;
      if (fingers.has(event.pointerId)) fingers.set(event.pointerId, position(event));
      if (!start) return;
      event.stopPropagation();
      const both = pair();
      if (!both) return;
      const place = pinched(start.place, start.fingers, both, canvasSize);
      camera.scale.set(place.scaleX, place.scaleY, 1);
      camera.position.set(place.x, place.y, camera.position.z);
      camera.updateMatrixWorld();
      invalidate();
    };
    const up = (event: PointerEvent): void => {
      fingers.delete(event.pointerId);
      if (fingers.size === 0) start = null;
    };
    const options = { capture: true };
    canvasArea.addEventListener('pointerdown', down, options);
    canvasArea.addEventListener('pointermove', move, options);
    canvasArea.addEventListener('pointerup', up, options);
    canvasArea.addEventListener('pointercancel', up, options);
    return () => {
      canvasArea.removeEventListener('pointerdown', down, options);
      canvasArea.removeEventListener('pointermove', move, options);
      canvasArea.removeEventListener('pointerup', up, options);
      canvasArea.removeEventListener('pointercancel', up, options);
    };
  }, [canvasArea, canvasSize, camera, invalidate]);
  return null;
}
