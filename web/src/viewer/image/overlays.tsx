/** Lines over the image, in pixel coordinates of the frame: rings, beam centre, region, profile. */

import { SvgElement, useCameraState, useVisCanvasContext } from '@h5web/lib';
import { useMemo } from 'react';
import { Vector3 } from 'three';

import type { DetectorGeometry } from '../core/geometry';
import type { Box } from '../core/state';
import type { PlotAxis } from '../plots/axes';

type PixelPoint = readonly [x: number, y: number];

interface AxesProps {
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
}

/** Positions on the canvas of pixel positions, following zoom and pan; null stays null. */
export function useScreenPoints(points: readonly (PixelPoint | null)[], { xAxis, yAxis }: AxesProps): (PixelPoint | null)[] {
  const { dataToHtml } = useVisCanvasContext();
  const data = useMemo(
    () =>
      points.map((point) =>
        point ? new Vector3(xAxis.toCoordinate(point[0]), yAxis.toCoordinate(point[1]), 0) : null,
      ),
    [points, xAxis, yAxis],
  );
  return useCameraState(
    (camera) =>
      data.map((point): PixelPoint | null => {
        if (!point) return null;
        const { x, y } = dataToHtml(camera, point);
        return [x, y];
      }),
    [data, dataToHtml],
    (a, b) => a.length === b.length && a.every((p, i) => p?.[0] === b[i]?.[0] && p?.[1] === b[i]?.[1]),
  );
}

function pathOf(points: readonly (PixelPoint | null)[], width: number, height: number): string {
  let path = '';
  let drawing = false;
  for (const point of points) {
    // Far outside the canvas browsers lose precision; such parts are not drawn.
    const usable = point && Math.abs(point[0]) < 20 * width && Math.abs(point[1]) < 20 * height;
    if (usable) path += `${drawing ? 'L' : 'M'}${point[0].toFixed(1)},${point[1].toFixed(1)}`;
    drawing = Boolean(usable);
  }
  return path;
}

interface RingsProps extends AxesProps {
  readonly geometry: DetectorGeometry;
  readonly spacings: readonly number[];
}

export function Rings({ geometry, spacings, ...axes }: RingsProps) {
  const rings = useMemo(
    () => spacings.map((d) => ({ d, points: geometry.ring(d) })).filter(({ points }) => points.length > 0),
    [geometry, spacings],
  );
  return (
    <>
      {rings.map(({ d, points }) => (
        <Ring key={d} d={d} points={points} {...axes} />
      ))}
    </>
  );
}

function Ring({ d, points, ...axes }: AxesProps & { d: number; points: readonly (PixelPoint | null)[] }) {
  const { canvasSize } = useVisCanvasContext();
  const screen = useScreenPoints(points, axes);
  const onImage = (point: PixelPoint | null | undefined) =>
    point && point[0] > 0 && point[1] > 0 && point[0] < axes.xAxis.size && point[1] < axes.yAxis.size;
  const label = screen.find(
    (point, i) =>
      point &&
      onImage(points[i]) &&
      point[0] > 30 &&
      point[1] > 14 &&
      point[0] < canvasSize.width - 50 &&
      point[1] < canvasSize.height - 8,
  );
  return (
    <SvgElement>
      <g data-overlay="ring">
        <path
          d={pathOf(screen, canvasSize.width, canvasSize.height)}
          fill="none"
          stroke="#fff"
          strokeWidth={1.25}
          strokeDasharray="5 4"
          opacity={0.9}
        />
        {label && (
          <text
            x={label[0] + 4}
            y={label[1] - 4}
            fontSize={11}
            fill="#fff"
            stroke="#000"
            strokeWidth={3}
            paintOrder="stroke"
          >
            {`${d < 10 ? d.toFixed(3) : d.toFixed(2)} Å`}
          </text>
        )}
      </g>
    </SvgElement>
  );
}

export function BeamCentre({ geometry, ...axes }: AxesProps & { geometry: DetectorGeometry }) {
  const points = useMemo<PixelPoint[]>(
    () => [[geometry.parameters.beam_center_x, geometry.parameters.beam_center_y]],
    [geometry],
  );
  const [centre] = useScreenPoints(points, axes);
  if (!centre) return null;
  const [x, y] = centre;
  const cross = `M${x - 10},${y}H${x - 3}M${x + 3},${y}H${x + 10}M${x},${y - 10}V${y - 3}M${x},${y + 3}V${y + 10}`;
  return (
    <SvgElement>
      <g data-overlay="beam centre">
        <path d={cross} stroke="#000" strokeWidth={3.5} opacity={0.55} />
        <path d={cross} stroke="#fff" strokeWidth={1.5} />
      </g>
    </SvgElement>
  );
}

/** A rectangle with a light and a dark line, visible on every colour map. */
export function RegionBox({ box, ...axes }: AxesProps & { box: Box }) {
  const points = useMemo<PixelPoint[]>(
    () => [
      [box[0], box[1]],
      [box[2], box[3]],
    ],
    [box],
  );
  const [from, to] = useScreenPoints(points, axes);
  if (!from || !to) return null;
  const rectangle = {
    x: Math.min(from[0], to[0]),
    y: Math.min(from[1], to[1]),
    width: Math.abs(to[0] - from[0]),
    height: Math.abs(to[1] - from[1]),
    fill: 'none',
  };
  return (
    <SvgElement>
      <rect {...rectangle} stroke="#000" strokeWidth={3} opacity={0.6} />
      <rect {...rectangle} stroke="#fff" strokeWidth={1.25} />
    </SvgElement>
  );
}

/** A ring around one pixel that stays visible however small the pixel is. */
export function PixelMark({ pixel, ...axes }: AxesProps & { pixel: readonly [number, number] }) {
  const points = useMemo<PixelPoint[]>(() => [[pixel[0] + 0.5, pixel[1] + 0.5]], [pixel]);
  const [centre] = useScreenPoints(points, axes);
  if (!centre) return null;
  const [cx, cy] = centre;
  const cross = `M${cx - 12},${cy}h6M${cx + 6},${cy}h6M${cx},${cy - 12}v6M${cx},${cy + 6}v6`;
  return (
    <SvgElement>
      <g data-overlay="pixel">
        <circle cx={cx} cy={cy} r={6} fill="none" stroke="#000" strokeWidth={3.5} opacity={0.6} />
        <path d={cross} stroke="#000" strokeWidth={3.5} opacity={0.6} />
        <circle cx={cx} cy={cy} r={6} fill="none" stroke="#fff" strokeWidth={1.5} />
        <path d={cross} stroke="#fff" strokeWidth={1.5} />
      </g>
    </SvgElement>
  );
}

export function ProfileLine({ line, ...axes }: AxesProps & { line: Box }) {
  const points = useMemo<PixelPoint[]>(
    () => [
      [line[0], line[1]],
      [line[2], line[3]],
    ],
    [line],
  );
  const [from, to] = useScreenPoints(points, axes);
  if (!from || !to) return null;
  const ends = { x1: from[0], y1: from[1], x2: to[0], y2: to[1] };
  return (
    <SvgElement>
      <line {...ends} stroke="#000" strokeWidth={4} opacity={0.6} />
      <line {...ends} stroke="#fff" strokeWidth={1.5} />
      <circle cx={from[0]} cy={from[1]} r={3.5} fill="#fff" stroke="#000" />
      <circle cx={to[0]} cy={to[1]} r={3.5} fill="#fff" stroke="#000" />
    </SvgElement>
  );
}

/** Corners of a shape that is being drawn. */
export function Outline({ corners, closed, ...axes }: AxesProps & { corners: readonly PixelPoint[]; closed: boolean }) {
  const screen = useScreenPoints(corners, axes);
  const d = screen.map((point, i) => (point ? `${i ? 'L' : 'M'}${point[0]},${point[1]}` : '')).join('') + (closed ? 'Z' : '');
  return (
    <SvgElement>
      <path d={d} fill="rgb(255 43 80 / 20%)" stroke="#000" strokeWidth={3} opacity={0.6} />
      <path d={d} fill="none" stroke="#fff" strokeWidth={1.25} />
    </SvgElement>
  );
}
