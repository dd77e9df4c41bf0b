/**
 * A rendered block of a frame as a canvas of its own: painted pixel by pixel, put in its place by a transform. The page's
 * graphics move and scale it, so zooming paints nothing, and without a graphics card a new frame takes a tenth of the time that
 * WebGL in software takes. It lies under the plot's canvas, which keeps what is drawn over the image.
 */

import { paint, type Painting, type Palette } from '../core/paint';
import type { ColorMapName } from '../core/state';
import type { Rendered } from '../data/frameStore';
import { countDrawn } from '../data/gauge';
import { colorAt, MASKED_COLOR, SATURATED_COLOR, type Look } from './frameMaterial';

const COLORS = 256;

/** Where the corner of the block and one more column and row of it lie on the screen, in pixels of the page. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly perColumn: number;
  readonly perRow: number;
}

export class Picture {
  readonly element = document.createElement('canvas');
  private readonly context = this.element.getContext('2d', { alpha: false });
  private image: ImageData | null = null;
  private shown: Rendered | null = null;
  private painting: Painting | null = null;
  private waiting = 0;
  private isNew = false;

  /** Of several pictures the one that is more `above` covers the others. */
  constructor(above: number) {
    const { style } = this.element;
    Object.assign(style, {
      position: 'absolute',
      left: '0',
      top: '0',
      zIndex: String(-4000 + above),
      pointerEvents: 'none',
      transformOrigin: '0 0',
      imageRendering: 'pixelated',
    });
    this.element.dataset.picture = above > 0 ? 'detail' : 'overview';
  }

  show(rendered: Rendered): void {
    if (this.shown !== rendered) this.isNew = true;
    this.shown = rendered;
    this.request();
  }

  setLook(look: Look): void {
    const { scale, domain, saturation } = look;
    this.painting = { palette: paletteOf(look.map, look.invert), scale, domain, saturation: saturation ?? Infinity };
    this.request();
  }

  /** Put it where one pixel of the frame has these sizes; `factor` pixels of the frame are one here. */
  place({ x, y, perColumn, perRow }: Placement, factor: number): void {
    this.element.style.transform = `matrix(${perColumn * factor},0,0,${perRow * factor},${x},${y})`;
  }

  /** Out of the page; it can be put there again. */
  leave(): void {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    this.element.remove();
  }

  private request(): void {
    if (this.waiting === 0) this.waiting = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.waiting = 0;
    const { shown, painting, context } = this;
    if (!shown || !painting || !context || shown.values.length === 0) return;
    const { rows, columns, block, factor } = shown;
    if (this.image?.width !== columns || this.image.height !== rows) {
      this.element.width = columns;
      this.element.height = rows;
      this.image = context.createImageData(columns, rows);
    }
    paint(shown.values, painting, new Uint32Array(this.image.data.buffer));
    context.putImageData(this.image, 0, 0);
    // The last pixels may reach beyond the block.
    const used = (size: number, pixels: number) => `${(1 - size / (pixels * factor)) * 100}%`;
    this.element.style.clipPath = `inset(0 ${used(block.columns, columns)} ${used(block.rows, rows)} 0)`;
    if (this.isNew) countDrawn();
    this.isNew = false;
  }
}

const palettes = new Map<string, Palette>();

function paletteOf(map: ColorMapName, invert: boolean): Palette {
  const name = `${map} ${invert}`;
  const known = palettes.get(name);
  if (known) return known;
  const css = Array.from({ length: COLORS }, (_, i) => colorAt(map, invert, i / (COLORS - 1)));
  const made = { colors: Uint32Array.from([...css, MASKED_COLOR[map], SATURATED_COLOR], word), count: COLORS };
  palettes.set(name, made);
  return made;
}

/** '#rrggbb' or 'rgb(r, g, b)' as four bytes, red first. */
function word(css: string): number {
  const hex = css.startsWith('#') ? [1, 3, 5].map((at) => parseInt(css.slice(at, at + 2), 16)) : null;
  const [r = 0, g = 0, b = 0] = hex ?? (css.match(/[\d.]+/g) ?? []).map(Number).map(Math.round);
  return new Uint32Array(Uint8Array.of(r, g, b, 255).buffer)[0] ?? 0;
}
