/** The mask being drawn: its pixels, tools and undo steps, outside React because strokes change it in place. */

import { useSyncExternalStore } from 'react';

import {
  countMasked,
  decodeRuns,
  emptyMask,
  encodeRuns,
  invertMask,
  paintCircle,
  paintPolygon,
  paintRectangle,
  paintStroke,
  type MaskImage,
  type Point,
} from '../core/mask';

export const MASK_TOOLS = ['rectangle', 'circle', 'polygon', 'brush'] as const;
export type MaskTool = (typeof MASK_TOOLS)[number];

const UNDO_STEPS = 50;

export class MaskDrawing {
  readonly mask: MaskImage;
  tool: MaskTool = 'rectangle';
  /** 1 masks, 0 takes the mask away. */
  value: 0 | 1 = 1;
  brush = 8;
  private version = 0;
  private readonly undoSteps: number[][] = [];
  private readonly listeners = new Set<() => void>();

  constructor(rows: number, columns: number) {
    this.mask = emptyMask(rows, columns);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getVersion = (): number => this.version;

  get canUndo(): boolean {
    return this.undoSteps.length > 0;
  }

  get masked(): number {
    return countMasked(this.mask.bytes);
  }

  get runs(): number[] {
    return encodeRuns(this.mask.bytes);
  }

  private changed(): void {
    this.version++;
    for (const listener of this.listeners) listener();
  }

  /** Remember the mask as it is, before a change. */
  private remember(): void {
    this.undoSteps.push(this.runs);
    if (this.undoSteps.length > UNDO_STEPS) this.undoSteps.shift();
  }

  setTool(tool: MaskTool): void {
    this.tool = tool;
    this.changed();
  }

  setValue(value: 0 | 1): void {
    this.value = value;
    this.changed();
  }

  setBrush(radius: number): void {
    this.brush = Math.max(0.5, radius);
    this.changed();
  }

  rectangle(from: Point, to: Point): void {
    this.remember();
    paintRectangle(this.mask, from, to, this.value);
    this.changed();
  }

  circle(centre: Point, edge: Point): void {
    this.remember();
    paintCircle(this.mask, centre, Math.hypot(edge[0] - centre[0], edge[1] - centre[1]), this.value);
    this.changed();
  }

  polygon(corners: readonly Point[]): void {
    this.remember();
    paintPolygon(this.mask, corners, this.value);
    this.changed();
  }

  startStroke(at: Point): void {
    this.remember();
    this.stroke(at, at);
  }

  stroke(from: Point, to: Point): void {
    paintStroke(this.mask, from, to, this.brush, this.value);
    this.changed();
  }

  invert(): void {
    this.remember();
    invertMask(this.mask);
    this.changed();
  }

  clear(): void {
    this.remember();
    this.mask.bytes.fill(0);
    this.changed();
  }

  /** Mask also the pixels of these run lengths. */
  add(runs: readonly number[]): void {
    this.remember();
    decodeRuns(runs, this.mask.bytes.length).forEach((byte, index) => {
      if (byte) this.mask.bytes[index] = 1;
    });
    this.changed();
  }

  undo(): void {
    const runs = this.undoSteps.pop();
    if (!runs) return;
    this.mask.bytes.set(decodeRuns(runs, this.mask.bytes.length));
    this.changed();
  }
}

export function useDrawingVersion(drawing: MaskDrawing): number {
  return useSyncExternalStore(drawing.subscribe, drawing.getVersion);
}
