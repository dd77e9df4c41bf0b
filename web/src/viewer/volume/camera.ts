/** A camera that looks at a volume from outside: vectors for the rays, and where points of space are on the screen. */

import { clamp } from '../core/numbers';
import type { Camera } from '../core/state';

export type Vector = readonly [x: number, y: number, z: number];

export interface Rays {
  readonly eye: Vector;
  readonly right: Vector;
  readonly up: Vector;
  readonly forward: Vector;
  /** Half the height of what is seen at a distance of one. */
  readonly tangent: number;
}

export const START: Camera = [-60, 25, 2.7, 0, 0, 0];
/** From the front, from above and from the side, as the three slices are seen. */
export const VIEWS: Record<'Front' | 'Top' | 'Side', readonly [azimuth: number, elevation: number]> = {
  Front: [-90, 0],
  Top: [-90, 90],
  Side: [0, 0],
};

const TANGENT = Math.tan((36 * Math.PI) / 360);
const NEAREST = 0.15;
const FARTHEST = 8;

const add = (a: Vector, b: Vector, factor = 1): Vector => [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]];
export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** `aspect`: width over height of the picture; the smaller side has the angle of view. */
export function raysOf([azimuth, elevation, distance, x, y, z]: Camera, aspect = 1): Rays {
  const [a, e] = [(azimuth * Math.PI) / 180, (elevation * Math.PI) / 180];
  const outward: Vector = [Math.cos(e) * Math.cos(a), Math.cos(e) * Math.sin(a), Math.sin(e)];
  const right: Vector = [-Math.sin(a), Math.cos(a), 0];
  const up: Vector = [-Math.sin(e) * Math.cos(a), -Math.sin(e) * Math.sin(a), Math.cos(e)];
  return { eye: add([x, y, z], outward, distance), right, up, forward: [-outward[0], -outward[1], -outward[2]], tangent: TANGENT / Math.min(aspect, 1) };
}

export function turned([azimuth, elevation, ...rest]: Camera, degreesRight: number, degreesUp: number): Camera {
  const around = ((((azimuth - degreesRight + 180) % 360) + 360) % 360) - 180;
  return [around, clamp(elevation + degreesUp, -90, 90), ...rest];
}

/** Nearer for factors below one. */
export function zoomed([azimuth, elevation, distance, ...target]: Camera, factor: number): Camera {
  return [azimuth, elevation, clamp(distance * factor, NEAREST, FARTHEST), ...target];
}

/** Moves what is seen by fractions of the screen's height. */
export function panned(camera: Camera, right: number, up: number): Camera {
  const rays = raysOf(camera);
  const height = 2 * rays.tangent * camera[2];
  const target: Vector = [camera[3], camera[4], camera[5]];
  const moved = add(add(target, rays.right, -right * height), rays.up, -up * height).map((value) => clamp(value, -2, 2)) as [number, number, number];
  return [camera[0], camera[1], camera[2], ...moved];
}

/** Pixels from the upper left corner; null behind the camera. */
export function projected(point: Vector, rays: Rays, width: number, height: number): [x: number, y: number] | null {
  const from = add(point, rays.eye, -1);
  const depth = dot(from, rays.forward);
  if (depth <= 1e-3) return null;
  const scale = height / (2 * rays.tangent * depth);
  return [width / 2 + dot(from, rays.right) * scale, height / 2 - dot(from, rays.up) * scale];
}

/** Half the edges of the box, the longest edge being one: physical where the three share a unit, else by voxels. */
export function halfSizes(extents: Vector, units: readonly (string | null)[], counts: Vector): Vector {
  const physical = units.every((unit) => unit === units[0]);
  const sizes = (physical ? extents : counts).map(Math.abs);
  const longest = Math.max(...sizes);
  const flat = longest > 20 * Math.min(...sizes);
  // What would be a thread or a sheet is stretched, so that something can be seen of it.
  const [x = 1, y = 1, z = 1] = sizes.map((size) => (flat ? Math.max(size / longest, 0.25) : size / longest) / 2);
  return [x, y, z];
}
