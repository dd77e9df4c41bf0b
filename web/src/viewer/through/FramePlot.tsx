/** A curve or a picture over the frames of a stack; its marker stands at the frame on show and can be dragged. */

import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef, type KeyboardEvent, type PointerEvent } from 'react';

import { formatNumber, withUnit } from '../core/format';
import { at, clamp, type Domain } from '../core/numbers';
import { project, ticks, type AxisScale, type Tick } from '../core/ticks';
import { linePath, type Frame2D } from '../figure/paths';
import { tickFormat, type PlotAxis } from '../plots/axes';
import styles from './through.module.css';

export interface FramePlotProps {
  readonly axis: PlotAxis;
  readonly index: number;
  readonly onIndex: (index: number) => void;
  readonly curve: ArrayLike<number> | null;
  readonly picture: HTMLCanvasElement | null;
  readonly yDomain: Domain;
  readonly yScale: AxisScale;
  readonly yLabel: string;
  /** What the marker stands on, in words. */
  readonly valueText: string;
  readonly title: string;
}

const MARGIN = { left: 64, right: 14, top: 8, bottom: 36 };

export function FramePlot(props: FramePlotProps) {
  const { axis, curve, picture, yDomain, yScale, index } = props;
  const { ref, width: outer, height: outerHeight } = useElementSize();
  const width = Math.max(outer - MARGIN.left - MARGIN.right, 10);
  const height = Math.max(outerHeight - MARGIN.top - MARGIN.bottom, 10);
  const frame: Frame2D = { xDomain: axis.domain, yDomain, xScale: 'linear', yScale, width, height };
  const x = useMemo(() => Float64Array.from({ length: axis.size }, (_, i) => axis.toCoordinate(i + 0.5)), [axis]);
  const marker = project(axis.toCoordinate(index + 0.5), axis.domain, 'linear', width);
  const y = curve ? height - project(at(curve, index), yDomain, yScale, height) : NaN;
  return (
    <div ref={ref} className={styles.plot}>
      {outer > 0 && (
        <>
          {picture && <Picture picture={picture} left={MARGIN.left} top={MARGIN.top} width={width} height={height} />}
          <svg className={styles.svg} width={outer} height={outerHeight} role="img" aria-label={props.title}>
            <g transform={`translate(${MARGIN.left},${MARGIN.top})`}>
              <Axes axis={axis} frame={frame} yLabel={props.yLabel} grid={picture === null} />
              <svg width={width} height={height}>
                {curve && <path d={linePath({ x, y: curve }, frame)} className={styles.line} data-testid="stack-curve" />}
              </svg>
              <line x1={marker} x2={marker} y2={height} className={styles.marker} />
              {Number.isFinite(y) && <circle cx={marker} cy={y} r={4} className={styles.dot} />}
            </g>
          </svg>
          <Handle {...props} width={width} height={height} />
        </>
      )}
    </div>
  );
}

const PAGE = 10;

/** Takes the pointer and the keys: everything above the axes moves the marker. */
function Handle({ axis, index, onIndex, valueText, width, height }: FramePlotProps & { width: number; height: number }) {
  const last = Math.max(axis.size - 1, 0);
  const move = (event: PointerEvent<HTMLDivElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    const [low, high] = axis.domain;
    const coordinate = low + ((event.clientX - left) / width) * (high - low);
    onIndex(clamp(Math.floor(axis.toPixel(coordinate)), 0, last));
  };
  const press = (event: KeyboardEvent) => {
    const steps: Partial<Record<string, number>> = {
      ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -PAGE, PageUp: PAGE, Home: -last, End: last,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    onIndex(clamp(index + step * (event.shiftKey && Math.abs(step) === 1 ? PAGE : 1), 0, last));
  };
  return (
    <div
      className={styles.handle}
      style={{ left: MARGIN.left, top: MARGIN.top, width, height }}
      role="slider"
      tabIndex={0}
      aria-label={`Frame on show, along ${axis.name}`}
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={index}
      aria-valuetext={valueText}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        move(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && move(event)}
      onKeyDown={press}
    />
  );
}

interface PictureProps {
  readonly picture: HTMLCanvasElement;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function Picture({ picture, left, top, width, height }: PictureProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext('2d')?.drawImage(picture, 0, 0);
  }, [picture]);
  return <canvas ref={ref} className={styles.picture} style={{ left, top, width, height }} />;
}

interface AxesProps {
  readonly axis: PlotAxis;
  readonly frame: Frame2D;
  readonly yLabel: string;
  readonly grid: boolean;
}

function Axes({ axis, frame, yLabel, grid }: AxesProps) {
  const { width, height, yDomain, yScale } = frame;
  const format = tickFormat(axis);
  const label = (tick: Tick) => (axis.formatTick ? format(tick.value) : tick.label);
  return (
    <g className={styles.axes}>
      {ticks(axis.domain, 'linear', Math.max(3, Math.floor(width / 90))).map((tick) => (
        <g key={tick.value} transform={`translate(${project(tick.value, axis.domain, 'linear', width)},${height})`}>
          <line y2={5} />
          <text y={17} textAnchor="middle">{label(tick)}</text>
        </g>
      ))}
      {ticks(yDomain, yScale, Math.max(2, Math.floor(height / 34))).map(({ value, label: text }) => (
        <g key={value} transform={`translate(0,${height - project(value, yDomain, yScale, height)})`}>
          {grid && text && <line x2={width} className={styles.grid} />}
          <line x2={text ? -5 : -3} />
          <text x={-8} dy="0.32em" textAnchor="end">{text}</text>
        </g>
      ))}
      <rect width={width} height={height} className={styles.box} />
      <text x={width / 2} y={height + 32} textAnchor="middle">{axis.label}</text>
      <text transform={`translate(${-MARGIN.left + 12},${height / 2}) rotate(-90)`} textAnchor="middle">{yLabel}</text>
    </g>
  );
}

/** 'frame 17 of 1000, 2.3 s, 512 counts'. */
export function markerText(axis: PlotAxis, index: number, value: number | null, unit: string | null): string {
  const place = axis.valueAt(index);
  const parts = [
    `${index} of ${Math.max(axis.size - 1, 0)}`,
    place === null ? '' : withUnit(formatNumber(place), axis.unit),
    value === null ? '' : Number.isNaN(value) ? 'no value' : withUnit(formatNumber(value, 6), unit),
  ];
  return parts.filter(Boolean).join(' · ');
}
