/** A rendered block of a frame at its place in the plot. */

import { useCameraState, useVisCanvasContext } from '@h5web/lib';
import { useThree } from '@react-three/fiber';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Vector3 } from 'three';

import { frameClient } from '../data/frameClient';
import type { Rendered } from '../data/frameStore';
import { noteCost } from '../data/gauge';
import type { PlotAxis } from '../plots/axes';
import type { Feed } from './feed';
import type { Look } from './frameMaterial';
import { Picture, type Placement } from './Picture';

interface FrameMeshProps {
  readonly rendered: Rendered;
  /** Frames that come later, shown at once without React. */
  readonly feed?: Feed<Rendered>;
  readonly look: Look;
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  /** Height above other blocks, for finer resolution. */
  readonly z?: number;
}

/** The pixels go back to the worker when the next but one has come; until then others may look at them. */
export function FrameMesh({ rendered, feed, look, xAxis, yAxis, z = 0 }: FrameMeshProps) {
  const { dataToWorld, canvasSize } = useVisCanvasContext();
  const plot = useThree((state) => state.gl.domElement);
  const [picture] = useState(() => new Picture(z));
  const history = useRef<readonly Rendered[]>([]);

  useLayoutEffect(() => {
    // Behind the plot in the document too, which some look for as its first canvas.
    plot.parentElement?.append(picture.element);
    return () => picture.leave();
  }, [plot, picture]);

  // Where pixel (0, 0) of the frame lies and how large pixels are, for axes that are evenly spaced.
  const placement = useCameraState(
    (camera): Placement => {
      const toScreen = (column: number, row: number) => {
        const world = dataToWorld(new Vector3(xAxis.toCoordinate(column), yAxis.toCoordinate(row), 0));
        const x = (world.x - camera.position.x) / camera.scale.x + canvasSize.width / 2;
        const y = canvasSize.height / 2 - (world.y - camera.position.y) / camera.scale.y;
        return [x, y] as const;
      };
      const [x, y] = toScreen(0, 0);
      const [farX, farY] = toScreen(xAxis.size, yAxis.size);
      return { x, y, perColumn: (farX - x) / xAxis.size, perRow: (farY - y) / yAxis.size };
    },
    [dataToWorld, canvasSize, xAxis, yAxis],
    (a, b) => a.x === b.x && a.y === b.y && a.perColumn === b.perColumn && a.perRow === b.perRow,
  );

  const placed = useRef(placement);
  useLayoutEffect(() => {
    placed.current = placement;
    const [newest] = history.current;
    if (newest) place(picture, placement, newest);
  }, [picture, placement]);

  useLayoutEffect(() => {
    picture.setLook(look);
  }, [picture, look]);

  useEffect(() => {
    const show = (next: Rendered) => {
      picture.show(next);
      place(picture, placed.current, next);
      const [last, ...older] = history.current;
      if (last === next) return;
      noteCost(next.cost);
      history.current = last ? [next, last] : [next];
      for (const { values } of older) frameClient().recycle(values);
    };
    show(feed?.latest ?? rendered);
    return feed?.subscribe(show);
  }, [picture, feed, feed ? null : rendered]); // eslint-disable-line react-hooks/exhaustive-deps -- a feed brings what comes after

  return null;
}

function place(picture: Picture, { x, y, perColumn, perRow }: Placement, { block, factor }: Rendered): void {
  picture.place({ x: x + block.column * perColumn, y: y + block.row * perRow, perColumn, perRow }, factor);
}
