/** One standard deviation on both sides of a curve as a translucent band. */

import { useVisCanvasContext } from '@h5web/lib';
import { useEffect, useMemo } from 'react';
import { BufferAttribute, BufferGeometry, DoubleSide } from 'three';

import { at } from '../core/numbers';

interface ErrorBandProps {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly errors: ArrayLike<number>;
  readonly color: string;
}

export function ErrorBand({ x, y, errors, color }: ErrorBandProps) {
  const { abscissaScale, ordinateScale, ordinateConfig } = useVisCanvasContext();
  const floor = ordinateConfig.visDomain[0];
  const geometry = useMemo(() => {
    const positions = new Float32Array(y.length * 6);
    const triangles: number[] = [];
    let usable = false;
    for (let i = 0; i < y.length; i++) {
      const across = abscissaScale(at(x, i));
      const up = ordinateScale(at(y, i) + at(errors, i));
      const lower = ordinateScale(at(y, i) - at(errors, i));
      // On a log axis the band ends at the frame where it would reach zero.
      const down = Number.isFinite(lower) ? lower : ordinateScale(floor);
      const good = Number.isFinite(across) && Number.isFinite(up) && Number.isFinite(down);
      positions.set(good ? [across, down, 0, across, up, 0] : [0, 0, 0, 0, 0, 0], i * 6);
      if (good && usable) triangles.push(2 * i - 2, 2 * i - 1, 2 * i, 2 * i, 2 * i - 1, 2 * i + 1);
      usable = good;
    }
    const created = new BufferGeometry();
    created.setAttribute('position', new BufferAttribute(positions, 3));
    created.setIndex(triangles);
    return created;
  }, [x, y, errors, abscissaScale, ordinateScale, floor]);
  useEffect(() => () => geometry.dispose(), [geometry]);
  return (
    <mesh geometry={geometry} frustumCulled={false}>
      <meshBasicMaterial color={color} transparent opacity={0.22} side={DoubleSide} depthWrite={false} />
    </mesh>
  );
}
