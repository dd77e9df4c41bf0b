/**
 * Material that shows a frame: value → colour map, masked and saturated pixels in colours of their own.
 *
 * @h5web/lib's `HeatmapMaterial` makes a new texture for every frame, shows zeros on a log scale as bad pixels and knows no
 * saturation; this one keeps its texture and is otherwise used like it, inside h5web's `VisMesh` and `VisCanvas`.
 */

import { INTERPOLATORS } from '@h5web/lib';
import {
  Color,
  DataTexture,
  DoubleSide,
  FloatType,
  GLSL3,
  NearestFilter,
  RedFormat,
  RGBAFormat,
  ShaderMaterial,
  UnsignedByteType,
  Vector2,
} from 'three';

import { scaled, type ColorScale } from '../core/contrast';
import type { Domain } from '../core/numbers';
import type { ColorMapName } from '../core/state';
import { countDrawn } from '../data/gauge';

const COLORS = 256;
/** Behind the colours of the map. */
const MASKED = COLORS;
const SATURATED = COLORS + 1;

const MAPS: Record<ColorMapName, (t: number) => string> = {
  viridis: INTERPOLATORS.Viridis,
  inferno: INTERPOLATORS.Inferno,
  cividis: INTERPOLATORS.Cividis,
  grey: INTERPOLATORS.Greys,
};

/** CSS colour at t (0 to 1) of a colour map. */
export function colorAt(map: ColorMapName, invert: boolean, t: number): string {
  return MAPS[map](invert ? 1 - t : t);
}

/** Neither end of any map, also not to be taken for a middle grey. */
export const MASKED_COLOR: Record<ColorMapName, string> = {
  viridis: '#808389',
  inferno: '#7b8794',
  cividis: '#a9a0a8',
  grey: '#46607c',
};
export const SATURATED_COLOR = '#ff2bd6';

const VERTEX = `
  out vec2 coords;
  void main() {
    coords = uv;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }
`;

// Reads its textures by index and branches as little as it can: where there is no graphics card, that takes a third less time.
const FRAGMENT = `
  precision highp float;
  in vec2 coords;
  out vec4 color;
  uniform sampler2D data;
  uniform sampler2D colors;
  uniform vec2 used;
  uniform float low;
  uniform float oneOverRange;
  uniform float saturation;
  uniform int scale;
  const float oneOverLog10 = 0.43429448190325176;

  float position(float value) {
    if (scale == 1) return value > 0.0 ? log(value) * oneOverLog10 : -1e30;
    if (scale == 2) return sqrt(max(value, 0.0));
    if (scale == 3) return sign(value) * log(1.0 + abs(value)) * oneOverLog10;
    return value;
  }

  void main() {
    ivec2 size = textureSize(data, 0);
    float value = texelFetch(data, min(ivec2(coords * used * vec2(size)), size - 1), 0).r;
    float fraction = clamp((position(value) - low) * oneOverRange, 0.0, 1.0);
    int index = isnan(value) ? ${MASKED} : value >= saturation ? ${SATURATED} : int(fraction * ${COLORS - 1}.0 + 0.5);
    color = texelFetch(colors, ivec2(index, 0), 0);
  }
`;

const SCALE_NUMBERS: Record<ColorScale, number> = { linear: 0, log: 1, sqrt: 2, symlog: 3 };

function displayColor(css: string): Color {
  // The canvas shows values as they are (h5web's flat, unmanaged output), so no conversion to linear light.
  return new Color().setStyle(css, '');
}

export interface Look {
  readonly map: ColorMapName;
  readonly invert: boolean;
  readonly scale: ColorScale;
  readonly domain: Domain;
  /** Values from here on are saturated; null = unknown. */
  readonly saturation: number | null;
}

export interface TexturePixels {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Part of the texture that lies inside the image, when its size is no multiple of the pooling factor. */
  readonly usedX: number;
  readonly usedY: number;
}

export class FrameMaterial extends ShaderMaterial {
  private data: DataTexture | null = null;
  private colors: DataTexture;
  private colorsOf = '';
  private isNew = false;

  constructor() {
    const colors = new DataTexture(new Uint8Array((COLORS + 2) * 4), COLORS + 2, 1, RGBAFormat, UnsignedByteType);
    super({
      glslVersion: GLSL3,
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      side: DoubleSide,
      uniforms: {
        data: { value: null },
        colors: { value: colors },
        used: { value: new Vector2(1, 1) },
        low: { value: 0 },
        oneOverRange: { value: 1 },
        saturation: { value: Infinity },
        scale: { value: 0 },
      },
    });
    this.colors = colors;
  }

  private setUniform(name: string, value: unknown): void {
    const uniform = this.uniforms[name];
    if (uniform) uniform.value = value;
  }

  /** Puts new pixels into the texture; a new texture only when the size changes. */
  showPixels(pixels: TexturePixels): void {
    const { values, rows, columns, usedX, usedY } = pixels;
    const image = this.data?.image as { width: number; height: number; data: unknown } | undefined;
    if (this.data && image?.width === columns && image.height === rows) {
      image.data = values;
    } else {
      this.data?.dispose();
      this.data = new DataTexture(values, columns, rows, RedFormat, FloatType);
      this.data.magFilter = NearestFilter;
      this.data.minFilter = NearestFilter;
      this.setUniform('data', this.data);
    }
    this.data.needsUpdate = true;
    this.isNew = true;
    this.setUniform('used', new Vector2(usedX, usedY));
  }

  /** Called for every drawing; counts those with new pixels. */
  override onBeforeRender(): void {
    if (!this.isNew) return;
    this.isNew = false;
    countDrawn();
  }

  setLook(look: Look): void {
    const low = scaled(look.domain[0], look.scale);
    const high = scaled(look.domain[1], look.scale);
    this.setUniform('low', Number.isFinite(low) ? low : 0);
    this.setUniform('oneOverRange', high > low ? 1 / (high - low) : 1);
    this.setUniform('scale', SCALE_NUMBERS[look.scale]);
    this.setUniform('saturation', look.saturation ?? 3e38);
    this.setColors(look.map, look.invert);
  }

  private setColors(map: ColorMapName, invert: boolean): void {
    const name = `${map} ${invert}`;
    if (this.colorsOf === name) return;
    this.colorsOf = name;
    const bytes = this.colors.image.data as Uint8Array;
    const all = Array.from({ length: COLORS }, (_, i) => colorAt(map, invert, i / (COLORS - 1)));
    [...all, MASKED_COLOR[map], SATURATED_COLOR].forEach((css, i) => {
      const { r, g, b } = displayColor(css);
      bytes.set([r * 255, g * 255, b * 255, 255].map(Math.round), i * 4);
    });
    this.colors.needsUpdate = true;
  }

  override dispose(): void {
    this.data?.dispose();
    this.colors.dispose();
    super.dispose();
  }
}
