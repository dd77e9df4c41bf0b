/** The edges of the volume on the screen, with the names and ends of its axes. */

import { formatNumber, withUnit } from '../core/format';
import type { PlotAxis } from '../plots/axes';
import { dot, projected, type Rays, type Vector } from './camera';

export type ScreenPoint = readonly [x: number, y: number];

export interface BoxOnScreen {
  readonly lines: readonly { readonly from: ScreenPoint; readonly to: ScreenPoint; readonly back: boolean }[];
  readonly labels: readonly { readonly at: ScreenPoint; readonly text: string }[];
}

interface BoxInput {
  readonly half: Vector;
  readonly rays: Rays;
  /** Of x, y and z. */
  readonly axes: readonly [PlotAxis, PlotAxis, PlotAxis];
  readonly width: number;
  readonly height: number;
}

const SIGNS = [-1, 1] as const;
const AWAY = 20;

export function boxLines({ half, rays, axes, width, height }: BoxInput): BoxOnScreen {
  if (width === 0 || height === 0) return { lines: [], labels: [] };
  const screen = (point: Vector) => projected(point, rays, width, height);
  const centre = screen([0, 0, 0]) ?? [width / 2, height / 2];
  const lines: BoxOnScreen['lines'][number][] = [];
  const labels: BoxOnScreen['labels'][number][] = [];
  for (const axis of [0, 1, 2] as const) {
    const edges = SIGNS.flatMap((first) =>
      SIGNS.map((second) => {
        const corner = (along: number): Vector => {
          const others = [first, second];
          return [0, 1, 2].map((i) => (half[i] ?? 0) * (i === axis ? along : (others.shift() ?? 1))) as unknown as Vector;
        };
        const [from, to] = [screen(corner(-1)), screen(corner(1))];
        const middle = corner(0);
        return { from, to, middle, away: dot([middle[0] - rays.eye[0], middle[1] - rays.eye[1], middle[2] - rays.eye[2]], rays.forward) };
      }),
    );
    const farthest = Math.max(...edges.map(({ away }) => away));
    for (const { from, to, away } of edges) if (from && to) lines.push({ from, to, back: away === farthest });
    // The label stands at an edge of the outline, outside the box.
    const outer = edges
      .flatMap(({ from, to }) => (from && to ? [{ from, to, at: [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2] as ScreenPoint }] : []))
      .sort((a, b) => outwards(b.at, centre) - outwards(a.at, centre))[0];
    if (!outer || Math.hypot(outer.to[0] - outer.from[0], outer.to[1] - outer.from[1]) < 40) continue;
    const push = ([x, y]: ScreenPoint): ScreenPoint => {
      const [dx, dy] = [x - centre[0], y - centre[1]];
      const length = Math.hypot(dx, dy) || 1;
      return [x + (AWAY * dx) / length, y + (AWAY * dy) / length + 4];
    };
    const info = axes[axis];
    const ends = endsOf(info);
    labels.push({ at: push(outer.at), text: info.label });
    labels.push({ at: push(towards(outer.from, outer.to)), text: ends[0] }, { at: push(towards(outer.to, outer.from)), text: ends[1] });
  }
  return { lines, labels };
}

/** Edges far from the middle first, the lower ones before the upper. */
function outwards(at: ScreenPoint, centre: ScreenPoint): number {
  const [dx, dy] = [at[0] - centre[0], at[1] - centre[1]];
  return Math.hypot(dx, dy) + 0.3 * dy;
}

/** A little inside of an end, so that the labels of two edges don't meet in their corner. */
function towards(from: ScreenPoint, to: ScreenPoint): ScreenPoint {
  return [from[0] + 0.1 * (to[0] - from[0]), from[1] + 0.1 * (to[1] - from[1])];
}

function endsOf(axis: PlotAxis): [string, string] {
  const text = (index: number) => {
    const value = axis.valueAt(index);
    return axis.nameOf?.(index) ?? (value === null ? String(index) : withUnit(formatNumber(value, 3), null));
  };
  return [text(0), text(Math.max(axis.size - 1, 0))];
}
