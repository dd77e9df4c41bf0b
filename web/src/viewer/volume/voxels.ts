/** Voxels of a volume at the resolution that memory allows, brick by brick. */

import { colorFraction, type ColorScale } from '../core/contrast';
import { parseDtype } from '../core/dtype';
import { at, type Domain, type NumericArray } from '../core/numbers';
import { brickUrl, jsonUrl, requestArray, requestJson } from '../data/requests';
import type { ArraySource } from '../data/types';

export interface VolumeLevel {
  readonly level: number;
  readonly factor: number;
  /** Along z, y and x. */
  readonly shape: readonly number[];
  readonly cells: readonly number[];
}

export interface PyramidAnswer {
  readonly brick: number;
  readonly volumes: readonly VolumeLevel[];
}

/** Most voxels in memory: 16 MB of texture, and up to four times that of values. */
export const MOST_VOXELS = 1 << 24;
const PARALLEL = 3;
const SAMPLES = 200_000;

export type Size = readonly [z: number, y: number, x: number];

/** How values travel: small whole numbers exactly in one or two bytes (0: not measured), others as floating point. */
export interface Wire {
  readonly bits: 8 | 16 | null;
  /** Value of code 1. */
  readonly first: number;
}

export class Voxels {
  readonly values: NumericArray;
  done = 0;

  constructor(
    readonly size: Size,
    readonly factor: number,
    readonly bricks: number,
    readonly wire: Wire,
  ) {
    const count = size[0] * size[1] * size[2];
    this.values = wire.bits === 8 ? new Uint8Array(count) : wire.bits === 16 ? new Uint16Array(count) : new Float32Array(count).fill(NaN);
  }

  /** The value at a place in memory; NaN where nothing was measured or has come yet. */
  valueAt(index: number): number {
    const code = at(this.values, index);
    if (this.wire.bits === null) return code;
    return code === 0 ? NaN : code - 1 + this.wire.first;
  }

  put(brick: NumericArray, shape: Size, corner: Size): void {
    const [, height, width] = this.size;
    for (let z = 0; z < shape[0]; z++)
      for (let y = 0; y < shape[1]; y++) {
        const from = (z * shape[1] + y) * shape[2];
        const row = ((corner[0] + z) * height + corner[1] + y) * width + corner[2];
        this.values.set(brick.subarray(from, from + shape[2]), row);
      }
  }

  /** Values from all over, for contrast and histogram. */
  sample(): Float64Array {
    // An odd step, so that no plane is taken again and again.
    const step = Math.max(1, Math.ceil(this.values.length / SAMPLES)) | 1;
    return Float64Array.from({ length: Math.ceil(this.values.length / step) }, (_, i) => this.valueAt(i * step)).filter(Number.isFinite);
  }
}

export function wireOf(dtype: string): Wire {
  const code = parseDtype(dtype)?.code;
  if (code === 'u1' || code === 'b1') return { bits: 8, first: 0 };
  if (code === 'i1') return { bits: 8, first: -127 };
  if (code === 'u2') return { bits: 16, first: 0 };
  if (code === 'i2') return { bits: 16, first: -32_767 };
  return { bits: null, first: 0 };
}

/** The finest level that memory and the graphics allow. */
export function levelFor(levels: readonly VolumeLevel[], longest: number): VolumeLevel | null {
  const fits = ({ shape }: VolumeLevel) => shape.reduce((product, n) => product * n, 1) <= MOST_VOXELS && Math.max(...shape) <= longest;
  return levels.find(fits) ?? null;
}

/** Bricks of a level from its middle outwards: there is most to see. */
export function bricksOf({ cells }: VolumeLevel): Size[] {
  const [depth = 1, height = 1, width = 1] = cells;
  const all: Size[] = [];
  for (let z = 0; z < depth; z++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) all.push([z, y, x]);
  const away = ([z, y, x]: Size) => Math.hypot(z - (depth - 1) / 2, y - (height - 1) / 2, x - (width - 1) / 2);
  return all.sort((a, b) => away(a) - away(b));
}

type Owner = Pick<ArraySource, 'pid' | 'path' | 'dtype'>;

const tripled = (values: readonly number[]): Size => [values[0] ?? 1, values[1] ?? 1, values[2] ?? 1];

/** Calls `onPart` after every brick, the middle one first; rejects with what the server says. */
export async function loadVoxels(source: Owner, frame: readonly number[], longest: number, signal: AbortSignal, onPart: (voxels: Voxels) => void): Promise<void> {
  const pyramid = await requestJson<PyramidAnswer>(jsonUrl(source.pid, 'pyramid', source.path), signal);
  const level = levelFor(pyramid.volumes, longest);
  if (!level) throw new Error('This volume can’t be made small enough to be shown.');
  const wire = wireOf(source.dtype);
  const window = wire.bits === null ? {} : { low: wire.first, high: wire.first + 2 ** wire.bits - 2, bits: wire.bits };
  const wanted = bricksOf(level);
  const voxels = new Voxels(tripled(level.shape), level.factor, wanted.length, wire);
  const next = async (): Promise<void> => {
    for (let cell = wanted.shift(); cell; cell = wanted.shift()) {
      const [z, y, x] = cell;
      const query = { path: source.path, level: level.level, z, y, x, frame: frame.join(','), ...window };
      const { values, shape } = await requestArray(brickUrl(source.pid, query), signal);
      voxels.put(values, tripled(shape), [z * pyramid.brick, y * pyramid.brick, x * pyramid.brick]);
      voxels.done++;
      onPart(voxels);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, next));
}

/** Voxels as bytes for the graphics: 0 is clear, 1 to 255 run along the colour map. */
export function toBytes(voxels: Voxels, domain: Domain, scale: ColorScale, into: Uint8Array): void {
  const byte = (value: number) => (Number.isNaN(value) ? 0 : 1 + Math.round(colorFraction(value, domain, scale) * 254));
  const { values, wire } = voxels;
  if (wire.bits !== null) {
    const table = Uint8Array.from({ length: 2 ** wire.bits }, (_, code) => (code === 0 ? 0 : byte(code - 1 + wire.first)));
    for (let i = 0; i < into.length; i++) into[i] = at(table, at(values, i));
  } else if (scale === 'linear') {
    const factor = 254 / (domain[1] - domain[0] || 1);
    for (let i = 0; i < into.length; i++) {
      const value = at(values, i);
      into[i] = Number.isNaN(value) ? 0 : 1 + Math.min(Math.max(Math.round((value - domain[0]) * factor), 0), 254);
    }
  } else {
    for (let i = 0; i < into.length; i++) into[i] = byte(at(values, i));
  }
}
