/** Histogram of the frame with the colour range over it; both ends can be dragged or moved by arrow keys. */

import { useElementSize } from '@mantine/hooks';
import { useRef, type KeyboardEvent, type PointerEvent } from 'react';

import { colorFraction, scaled, unscaled, type ColorScale } from '../core/contrast';
import { formatNumber } from '../core/format';
import { at, clamp, type Domain } from '../core/numbers';
import type { ColorMapName } from '../core/state';
import type { Histogram } from '../core/statistics';
import { colorAt } from './frameMaterial';
import styles from '../viewer.module.css';

interface HistogramPlotProps {
  readonly histogram: Histogram;
  readonly domain: Domain;
  readonly scale: ColorScale;
  readonly map: ColorMapName;
  readonly invert: boolean;
  readonly onDomain: (domain: Domain) => void;
}

const HEIGHT = 96;

export function HistogramPlot({ histogram, domain, scale, map, invert, onDomain }: HistogramPlotProps) {
  const { ref, width } = useElementSize();
  const svg = useRef<SVGSVGElement>(null);
  const { counts, edges } = histogram;
  const axis: ColorScale = scale === 'log' ? 'log' : 'linear';
  const low = Math.min(at(edges, 0), domain[0]);
  const high = Math.max(at(edges, edges.length - 1), domain[1]);
  const [from, to] = [scaled(low, axis), scaled(high, axis)];
  const toX = (value: number) => ((scaled(value, axis) - from) / (to - from || 1)) * width;
  const fromX = (x: number) => unscaled(from + (clamp(x, 0, width) / width) * (to - from), axis);
  const tallest = Math.log1p(Math.max(...counts, 1));

  const move = (end: 0 | 1, value: number) => {
    const next: Domain = end === 0 ? [Math.min(value, domain[1]), domain[1]] : [domain[0], Math.max(value, domain[0])];
    if (next[1] > next[0]) onDomain(next);
  };
  const drag = (end: 0 | 1) => (event: PointerEvent<SVGGElement>) => {
    if (event.buttons !== 1 || !svg.current) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    move(end, fromX(event.clientX - svg.current.getBoundingClientRect().left));
  };
  const step = (end: 0 | 1) => (event: KeyboardEvent) => {
    const direction = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (direction === 0) return;
    event.preventDefault();
    event.stopPropagation();
    move(end, fromX(toX(domain[end]) + direction * (event.shiftKey ? 10 : 1) * (width / 100)));
  };

  return (
    <div ref={ref}>
      <svg ref={svg} className={styles.histogram} height={HEIGHT + 4} width={width || '100%'}>
        {width > 0 &&
          counts.map((count, i) => {
            const left = toX(at(edges, i));
            const height = (Math.log1p(count) / tallest) * HEIGHT;
            const centre = (at(edges, i) + at(edges, i + 1)) / 2;
            return (
              <rect
                key={at(edges, i)}
                x={left}
                y={HEIGHT - height}
                width={Math.max(toX(at(edges, i + 1)) - left - 0.5, 0.5)}
                height={height}
                fill={colorAt(map, invert, colorFraction(centre, domain, scale))}
                stroke="var(--mantine-color-default-border)"
                strokeWidth={0.25}
              />
            );
          })}
        {width > 0 &&
          ([0, 1] as const).map((end) => (
            <g
              key={end}
              className={styles.handle}
              transform={`translate(${clamp(toX(domain[end]), 0, width)},0)`}
              role="slider"
              tabIndex={0}
              aria-label={end === 0 ? 'Lower end of the colour scale' : 'Upper end of the colour scale'}
              aria-valuenow={domain[end]}
              aria-valuetext={formatNumber(domain[end])}
              onPointerDown={drag(end)}
              onPointerMove={drag(end)}
              onKeyDown={step(end)}
            >
              <rect x={-7} width={14} height={HEIGHT + 4} fill="transparent" />
              <line y2={HEIGHT} stroke="var(--mantine-color-text)" strokeWidth={1.5} />
              <circle cy={HEIGHT / 2} r={4} fill="var(--mantine-color-body)" stroke="var(--mantine-color-text)" />
            </g>
          ))}
      </svg>
    </div>
  );
}
