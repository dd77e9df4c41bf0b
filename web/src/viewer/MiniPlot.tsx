/** A small curve for job progress, result cards and profiles: plain SVG, so that many fit on a page. */

import { useElementSize } from '@mantine/hooks';
import { useMemo, useState, type PointerEvent } from 'react';

import { axisLabel, formatNumber, formatUncertain } from './core/format';
import { at, type Domain } from './core/numbers';
import { project, ticks, wholeTicks, type AxisScale } from './core/ticks';
import { errorPath, linePath, seriesDomain, type Frame2D } from './figure/paths';
import styles from './MiniPlot.module.css';

export interface MiniPlotProps {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** One standard deviation per point. */
  readonly errors?: ArrayLike<number> | null;
  readonly xLabel?: string;
  readonly yLabel?: string;
  readonly xUnit?: string | null;
  readonly yUnit?: string | null;
  readonly xScale?: AxisScale;
  readonly yScale?: AxisScale;
  /** The abscissa numbers things: between two of them there is nothing. */
  readonly counted?: boolean;
  readonly height?: number;
  /** Further curves over the same abscissa. */
  readonly more?: readonly { readonly y: ArrayLike<number>; readonly title: string }[];
  /** What the plot shows, for people who can't see it. */
  readonly title?: string;
}

const NONE: NonNullable<MiniPlotProps['more']> = [];
const MARGIN = { left: 58, right: 12, top: 10, bottom: 40 };

export function MiniPlot(props: MiniPlotProps) {
  const { x, y, errors = null, more = NONE, xScale = 'linear', yScale = 'linear', height = 200 } = props;
  const { ref, width } = useElementSize();
  const [hovered, setHovered] = useState<number | null>(null);
  const xDomain = useMemo(() => fullDomain(x, xScale), [x, xScale]);
  const yDomain = useMemo(() => seriesDomain([y, ...more.map((one) => one.y)], yScale), [y, more, yScale]);
  const frame: Frame2D = {
    xDomain,
    yDomain,
    xScale,
    yScale,
    width: Math.max(width - MARGIN.left - MARGIN.right, 10),
    height: Math.max(height - MARGIN.top - MARGIN.bottom, 10),
  };
  const xName = axisLabel(props.xLabel ?? 'x', props.xUnit);
  const yName = axisLabel(props.yLabel ?? 'y', props.yUnit);

  const move = (event: PointerEvent<SVGRectElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    setHovered(nearest(x, event.clientX - left, frame));
  };

  return (
    <div ref={ref} className={styles.root} style={{ height }}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={describe(props, xName, yName)}>
          <g transform={`translate(${MARGIN.left},${MARGIN.top})`}>
            <Axes frame={frame} xName={xName} yName={yName} counted={props.counted ?? false} />
            <svg width={frame.width} height={frame.height}>
              <path d={errorPath({ x, y, errors }, frame)} className={styles.errors} />
              <path d={linePath({ x, y }, frame)} className={styles.line} />
              {more.map((one, index) => (
                <path key={index} d={linePath({ x, y: one.y }, frame)} className={styles.line}>
                  <title>{one.title}</title>
                </path>
              ))}
              {hovered !== null && <Marker x={at(x, hovered)} y={at(y, hovered)} frame={frame} />}
            </svg>
            {hovered !== null && (
              <text x={frame.width - 4} y={12} textAnchor="end" className={styles.value}>
                {`${formatNumber(at(x, hovered))}, ${formatUncertain(at(y, hovered), errors ? at(errors, hovered) : null)}`}
              </text>
            )}
            <rect
              width={frame.width}
              height={frame.height}
              fill="transparent"
              onPointerMove={move}
              onPointerLeave={() => setHovered(null)}
            />
          </g>
        </svg>
      )}
    </div>
  );
}

/** Curves fill their frame from side to side. */
function fullDomain(x: ArrayLike<number>, scale: AxisScale): Domain {
  const padded = seriesDomain([x], scale);
  if (scale === 'log' || x.length < 2) return padded;
  const margin = (padded[1] - padded[0]) * (0.04 / 1.08);
  return [padded[0] + margin, padded[1] - margin];
}

function nearest(x: ArrayLike<number>, pixel: number, frame: Frame2D): number | null {
  let best: number | null = null;
  let distance = Infinity;
  for (let i = 0; i < x.length; i++) {
    const away = Math.abs(project(at(x, i), frame.xDomain, frame.xScale, frame.width) - pixel);
    if (away < distance) [best, distance] = [i, away];
  }
  return best;
}

function describe({ title, x }: MiniPlotProps, xName: string, yName: string): string {
  return `${title ? `${title}: ` : ''}${yName} against ${xName}, ${x.length} points`;
}

function Marker({ x, y, frame }: { x: number; y: number; frame: Frame2D }) {
  const cx = project(x, frame.xDomain, frame.xScale, frame.width);
  const cy = frame.height - project(y, frame.yDomain, frame.yScale, frame.height);
  if (!Number.isFinite(cx) || !Number.isFinite(cy)) return null;
  return <circle cx={cx} cy={cy} r={3.5} className={styles.marker} />;
}

function Axes({ frame, xName, yName, counted }: { frame: Frame2D; xName: string; yName: string; counted: boolean }) {
  const { width, height, xDomain, yDomain, xScale, yScale } = frame;
  const most = Math.max(3, Math.floor(width / 70));
  const xTicks = counted ? wholeTicks(xDomain, most) : ticks(xDomain, xScale, most);
  const yTicks = ticks(yDomain, yScale, Math.max(2, Math.floor(height / 36)));
  return (
    <g className={styles.axes}>
      {xTicks.map(({ value, label }) => {
        const position = project(value, xDomain, xScale, width);
        return (
          <g key={value} transform={`translate(${position},${height})`}>
            <line y2={label ? 5 : 3} />
            <text y={17} textAnchor="middle">
              {label}
            </text>
          </g>
        );
      })}
      {yTicks.map(({ value, label }) => {
        const position = height - project(value, yDomain, yScale, height);
        return (
          <g key={value} transform={`translate(0,${position})`}>
            {label && <line x2={width} className={styles.grid} />}
            <line x2={label ? -5 : -3} />
            <text x={-8} dy="0.32em" textAnchor="end">
              {label}
            </text>
          </g>
        );
      })}
      <rect width={width} height={height} className={styles.box} />
      <text x={width / 2} y={height + 34} textAnchor="middle" className={styles.label}>
        {xName}
      </text>
      <text transform={`translate(${-MARGIN.left + 12},${height / 2}) rotate(-90)`} textAnchor="middle" className={styles.label}>
        {yName}
      </text>
    </g>
  );
}
