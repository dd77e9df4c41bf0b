/** A rendered block of a frame at its place in the plot. */

import { useVisCanvasContext, VisMesh } from '@h5web/lib';
import { useThree } from '@react-three/fiber';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Vector3 } from 'three';

import { frameClient } from '../data/frameClient';
import type { Rendered } from '../data/frameStore';
import { noteCost } from '../data/gauge';
import type { PlotAxis } from '../plots/axes';
import { FrameMaterial, type Look } from './frameMaterial';

interface FrameMeshProps {
  readonly rendered: Rendered;
  readonly look: Look;
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  /** Height above the plane, for blocks in finer resolution. */
  readonly z?: number;
}

/** The pixels go back to the worker when the next but one has come; until then others may look at them. */
export function FrameMesh({ rendered, look, xAxis, yAxis, z = 0 }: FrameMeshProps) {
  const { dataToWorld } = useVisCanvasContext();
  const invalidate = useThree((state) => state.invalidate);
  const [material] = useState(() => new FrameMaterial());

  const before = useRef<readonly Rendered[]>([]);

  useEffect(() => () => material.dispose(), [material]);

  useLayoutEffect(() => {
    const { values, rows, columns, factor, block } = rendered;
    material.showPixels({
      values,
      rows,
      columns,
      usedX: block.columns / (columns * factor),
      usedY: block.rows / (rows * factor),
    });
    noteCost(rendered.cost);
    if (before.current[0] !== rendered) {
      const [last, ...older] = before.current;
      before.current = last ? [rendered, last] : [rendered];
      for (const { values: pixels } of older) frameClient().recycle(pixels);
    }
    invalidate();
  }, [material, rendered, invalidate]);

  useLayoutEffect(() => {
    material.setLook(look);
    invalidate();
  }, [material, look, invalidate]);

  const { block } = rendered;
  const from = dataToWorld(new Vector3(xAxis.toCoordinate(block.column), yAxis.toCoordinate(block.row), 0));
  const to = dataToWorld(
    new Vector3(xAxis.toCoordinate(block.column + block.columns), yAxis.toCoordinate(block.row + block.rows), 0),
  );
  return (
    <VisMesh
      size={{ width: 1, height: 1 }}
      position={[(from.x + to.x) / 2, (from.y + to.y) / 2, z]}
      scale={[to.x - from.x, to.y - from.y, 1]}
    >
      <primitive object={material} attach="material" />
    </VisMesh>
  );
}
