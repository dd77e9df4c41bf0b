/** Keeps the camera and the zoom of the viewer's state the same: reports where the user went, goes where the state says. */

import { useCameraState, useVisCanvasContext, type VisibleDomains } from '@h5web/lib';
import { useThree } from '@react-three/fiber';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { Vector3 } from 'three';

import type { Box } from '../core/state';

const REPORT_AFTER_MS = 250;

export interface View {
  readonly visible: Box;
  readonly width: number;
  readonly height: number;
  readonly zoomed: boolean;
}

interface ZoomSyncProps {
  readonly zoom: Box | undefined;
  readonly onZoom: (zoom: Box | undefined) => void;
  /** Called at once when the visible part or the canvas' size changes. */
  readonly onView?: (view: View) => void;
}

function toBox({ xVisibleDomain: [x0, x1], yVisibleDomain: [y0, y1] }: VisibleDomains): Box {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}

function sameBox(a: Box | undefined, b: Box | undefined): boolean {
  if (!a || !b) return a === b;
  const size = Math.max(Math.abs(a[2] - a[0]), Math.abs(a[3] - a[1]), Number.MIN_VALUE);
  return a.every((value, i) => Math.abs(value - (b[i] ?? NaN)) <= 2e-3 * size);
}

export function ZoomSync({ zoom, onZoom, onView }: ZoomSyncProps) {
  const context = useVisCanvasContext();
  const { getVisibleDomains, canvasSize, dataToWorld, visRatio } = context;
  const camera = useThree((state) => state.camera);
  const invalidate = useThree((state) => state.invalidate);
  const reported = useRef<Box | undefined>(undefined);

  const view = useCameraState(
    (current) => ({
      visible: toBox(getVisibleDomains(current)),
      zoomed: current.scale.x < 0.999 || current.scale.y < 0.999,
    }),
    [getVisibleDomains],
    (a, b) => a.zoomed === b.zoomed && sameBox(a.visible, b.visible),
  );

  // Go where the state says, unless that is where the user just went.
  useLayoutEffect(() => {
    if (sameBox(zoom, reported.current)) return;
    reported.current = zoom;
    if (zoom) {
      const from = dataToWorld(new Vector3(zoom[0], zoom[1], 0));
      const to = dataToWorld(new Vector3(zoom[2], zoom[3], 0));
      let scaleX = Math.min(Math.abs(to.x - from.x) / canvasSize.width, 1);
      let scaleY = Math.min(Math.abs(to.y - from.y) / canvasSize.height, 1);
      if (visRatio !== undefined) scaleX = scaleY = Math.max(scaleX, scaleY);
      if (scaleX > 0 && scaleY > 0) {
        camera.scale.set(scaleX, scaleY, 1);
        camera.position.set((from.x + to.x) / 2, (from.y + to.y) / 2, camera.position.z);
      }
    } else {
      camera.scale.set(1, 1, 1);
      camera.position.set(0, 0, camera.position.z);
    }
    camera.updateMatrixWorld();
    invalidate();
  }, [zoom, camera, canvasSize, dataToWorld, invalidate, visRatio]);

  useEffect(() => {
    onView?.({ ...view, width: canvasSize.width, height: canvasSize.height });
    const next = view.zoomed ? view.visible : undefined;
    if (sameBox(next, reported.current)) return;
    const timer = setTimeout(() => {
      reported.current = next;
      onZoom(next);
    }, REPORT_AFTER_MS);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the callbacks change with every render; the view is what counts
  }, [view, canvasSize.width, canvasSize.height]);

  return null;
}
