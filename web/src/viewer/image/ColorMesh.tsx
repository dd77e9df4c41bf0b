/** A colour image at its place in the plot, one texel a pixel. */

import { useVisCanvasContext, VisMesh } from '@h5web/lib';
import { useThree } from '@react-three/fiber';
import { useEffect, useMemo } from 'react';
import { DataTexture, DoubleSide, LinearSRGBColorSpace, NearestFilter, SRGBColorSpace, Vector3 } from 'three';

import type { PlotAxis } from '../plots/axes';

interface ColorMeshProps {
  readonly pixels: ImageData;
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
}

export function ColorMesh({ pixels, xAxis, yAxis }: ColorMeshProps) {
  const { dataToWorld } = useVisCanvasContext();
  const { invalidate, gl } = useThree();
  const managed = gl.outputColorSpace === SRGBColorSpace;
  const texture = useMemo(() => {
    const made = new DataTexture(new Uint8Array(pixels.data), pixels.width, pixels.height);
    made.colorSpace = managed ? SRGBColorSpace : LinearSRGBColorSpace;
    made.minFilter = NearestFilter;
    made.magFilter = NearestFilter;
    made.needsUpdate = true;
    return made;
  }, [pixels, managed]);
  useEffect(() => {
    invalidate();
    return () => texture.dispose();
  }, [texture, invalidate]);

  const from = dataToWorld(new Vector3(xAxis.domain[0], yAxis.domain[0], 0));
  const to = dataToWorld(new Vector3(xAxis.domain[1], yAxis.domain[1], 0));
  return (
    <VisMesh
      size={{ width: 1, height: 1 }}
      position={[(from.x + to.x) / 2, (from.y + to.y) / 2, 0]}
      scale={[to.x - from.x, to.y - from.y, 1]}
    >
      <meshBasicMaterial map={texture} toneMapped={false} side={DoubleSide} />
    </VisMesh>
  );
}
