/** Where the camera of a plot stands after two fingers have moved. Screen positions are in pixels from the top left. */

export interface Finger {
  readonly x: number;
  readonly y: number;
}

/** `scale` is the visible part of the whole plot (1 = all), `x` and `y` the middle of the view in pixels of the whole plot. */
export interface CameraPlace {
  readonly x: number;
  readonly y: number;
  readonly scaleX: number;
  readonly scaleY: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

export type FingerPair = readonly [Finger, Finger];

const CLOSEST = 1e-4;

/** What was between the fingers stays between them; the view never leaves the plot. */
export function pinched(start: CameraPlace, before: FingerPair, now: FingerPair, { width, height }: Size): CameraPlace {
  const ratio = distance(before) / Math.max(distance(now), 1);
  const zoom = Math.min(Math.max(ratio, CLOSEST / Math.min(start.scaleX, start.scaleY)), 1 / Math.max(start.scaleX, start.scaleY));
  const scaleX = start.scaleX * zoom;
  const scaleY = start.scaleY * zoom;
  const from = middle(before);
  const to = middle(now);
  const x = start.x + (from.x - width / 2) * start.scaleX - (to.x - width / 2) * scaleX;
  const y = start.y - (from.y - height / 2) * start.scaleY + (to.y - height / 2) * scaleY;
  return { x: within(x, (width / 2) * (1 - scaleX)), y: within(y, (height / 2) * (1 - scaleY)), scaleX, scaleY };
}

function distance([a, b]: FingerPair): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function middle([a, b]: FingerPair): Finger {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function within(value: number, limit: number): number {
  return Math.min(Math.max(value, -limit), limit);
}
