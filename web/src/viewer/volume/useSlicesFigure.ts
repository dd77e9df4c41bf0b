/** The three slices as one figure for print. */

import { useCallback, useEffect, useState } from 'react';

import { valueLabel } from '../core/format';
import type { Box } from '../core/state';
import type { Rendered } from '../data/frameStore';
import { barTicks } from '../figure/barTicks';
import { captionLines } from '../figure/captions';
import { joinedSvg, imageFigureSvg } from '../figure/svg';
import { colorAt, type Look } from '../image/frameMaterial';
import { paint } from '../image/useImageFigure';
import { wantsSquarePixels } from '../plots/axes';
import type { PlotProps } from '../plots/props';
import { clamp } from '../core/numbers';
import { planeOf, PLANES, type Plane, type Three } from './dimensions';
import type { ThreeAxes } from './SlicesPlot';

interface FigureInput extends PlotProps {
  readonly three: Three;
  readonly plotAxes: ThreeAxes;
  readonly position: readonly number[];
  readonly look: Look;
  readonly top: boolean;
}

export function useSlicesFigure(input: FigureInput): { onRendered: (plane: Plane, rendered: Rendered) => void } {
  const { dataset, source, three, plotAxes, position, look, top, onFigure } = input;
  const [shown, setShown] = useState<Partial<Record<Plane, Rendered>>>({});
  const onRendered = useCallback((plane: Plane, rendered: Rendered) => setShown((before) => ({ ...before, [plane]: rendered })), []);
  const positionKey = position.join(',');
  useEffect(() => {
    const svg = () =>
      joinedSvg(
        PLANES.flatMap((plane) => {
          const rendered = shown[plane];
          if (!rendered) return [];
          const dimensions = planeOf(three, plane);
          const axis = (dimension: number) => (dimension === three.x ? plotAxes.x : dimension === three.y ? plotAxes.y : plotAxes.z);
          const [x, y] = [axis(dimensions.x), axis(dimensions.y)];
          const area: Box = [x.domain[0], y.domain[0], x.domain[1], y.domain[1]];
          const flipped = top && plane !== 'top';
          const indices = positionKey.split(',').map((index, d) => (d === dimensions.x || d === dimensions.y ? ':' : index));
          return [
            imageFigureSvg({
              title: plane === 'front' ? dataset.title : '',
              caption: captionLines(dataset, source.path, indices.join(',')),
              x: { label: x.label, domain: x.domain, scale: 'linear', ...(x.formatTick && { formatTick: x.formatTick }) },
              y: { label: y.label, domain: y.domain, scale: 'linear', reversed: flipped, ...(y.formatTick && { formatTick: y.formatTick }) },
              image: paint(rendered, look, x, y, area, flipped),
              aspect: clamp(wantsSquarePixels(x, y, source.kind) ? (area[2] - area[0]) / (area[3] - area[1]) : 1.25, 0.2, 5),
              bar: {
                colors: Array.from({ length: 33 }, (_, i) => colorAt(look.map, look.invert, i / 32)),
                ticks: barTicks(look.domain, look.scale, 7).filter(({ label }) => label),
                label: valueLabel(source),
              },
            }),
          ];
        }),
      );
    onFigure({ svg, width: 960, height: 900 });
    return () => onFigure(null);
  }, [shown, dataset, source, three, plotAxes, positionKey, look, top, onFigure]);
  return { onRendered };
}
