/** One standard deviation along x of each point, as horizontal bars: the resolution of q. */

import { useVisCanvasContext } from '@h5web/lib';
import { useEffect, useMemo } from 'react';
import { BufferAttribute, BufferGeometry } from 'three';

import { at } from '../core/numbers';

interface WidthBarsProps {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly widths: ArrayLike<number>;
  readonly color: string;
}

export function WidthBars({ x, y, widths, color }: WidthBarsProps) {
  const { abscissaScale, ordinateScale, abscissaConfig } = useVisCanvasContext();
  const edge = abscissaConfig.visDomain[0];
  const geometry = useMemo(() => {
    const positions = new Float32Array(y.length * 6);
    for (let i = 0; i < y.length; i++) {
      const up = ordinateScale(at(y, i));
      const left = abscissaScale(at(x, i) - at(widths, i));
      const right = abscissaScale(at(x, i) + at(widths, i));
      // On a log axis a bar begins at the frame where it would reach zero.
      const begin = Number.isFinite(left) ? left : abscissaScale(edge);
      if ([up, begin, right].every(Number.isFinite)) positions.set([begin, up, 0, right, up, 0], i * 6);
    }
    const created = new BufferGeometry();
    created.setAttribute('position', new BufferAttribute(positions, 3));
    return created;
  }, [x, y, widths, abscissaScale, ordinateScale, edge]);
  useEffect(() => () => geometry.dispose(), [geometry]);
  return (
    <lineSegments geometry={geometry} frustumCulled={false}>
      <lineBasicMaterial color={color} transparent opacity={0.6} />
    </lineSegments>
  );
}
