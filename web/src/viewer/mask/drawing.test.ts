import { describe, expect, it, vi } from 'vitest';

import { MaskDrawing } from './drawing';

describe('MaskDrawing', () => {
  it('undoes step by step', () => {
    const drawing = new MaskDrawing(10, 10);
    drawing.rectangle([0, 0], [5, 5]);
    drawing.invert();
    expect(drawing.masked).toBe(75);
    drawing.undo();
    expect(drawing.masked).toBe(25);
    drawing.undo();
    expect(drawing.masked).toBe(0);
    expect(drawing.canUndo).toBe(false);
    drawing.undo();
    expect(drawing.masked).toBe(0);
  });

  it('undoes a whole stroke at once', () => {
    const drawing = new MaskDrawing(20, 20);
    drawing.setBrush(1);
    drawing.startStroke([2, 2]);
    drawing.stroke([2, 2], [15, 2]);
    drawing.stroke([15, 2], [15, 15]);
    expect(drawing.masked).toBeGreaterThan(25);
    drawing.undo();
    expect(drawing.masked).toBe(0);
  });

  it('takes the mask away with the other value', () => {
    const drawing = new MaskDrawing(4, 4);
    drawing.invert();
    drawing.setValue(0);
    drawing.rectangle([0, 0], [4, 2]);
    expect(drawing.runs).toEqual([8, 8]);
  });

  it('adds found pixels to what is drawn, and tells listeners', () => {
    const drawing = new MaskDrawing(2, 2);
    const listener = vi.fn();
    drawing.subscribe(listener);
    drawing.rectangle([0, 0], [1, 1]);
    drawing.add([3, 1]);
    expect(drawing.runs).toEqual([0, 1, 2, 1]);
    expect(listener).toHaveBeenCalledTimes(2);
  });
});
