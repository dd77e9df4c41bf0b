import { expect, it } from 'vitest';

import { pinched } from './pinch';

const SIZE = { width: 400, height: 200 };
const WHOLE = { x: 0, y: 0, scaleX: 1, scaleY: 1 };

it('doubles the picture about its middle when the fingers part to twice their distance', () => {
  const place = pinched(WHOLE, [{ x: 150, y: 100 }, { x: 250, y: 100 }], [{ x: 100, y: 100 }, { x: 300, y: 100 }], SIZE);
  expect(place).toEqual({ x: 0, y: 0, scaleX: 0.5, scaleY: 0.5 });
});

it('keeps what is between the fingers between them', () => {
  const before = [{ x: 250, y: 40 }, { x: 350, y: 40 }] as const;
  const place = pinched(WHOLE, before, [{ x: 200, y: 60 }, { x: 400, y: 60 }], SIZE);
  expect(place.x + (300 - 200) * place.scaleX).toBeCloseTo(100);
  expect(place.y - (60 - 100) * place.scaleY).toBeCloseTo(60);
});

it('never shows more than the plot, nor anything beside it', () => {
  const zoomed = { x: 150, y: 0, scaleX: 0.25, scaleY: 0.25 };
  const place = pinched(zoomed, [{ x: 0, y: 100 }, { x: 400, y: 100 }], [{ x: 199, y: 100 }, { x: 201, y: 100 }], SIZE);
  expect(place).toEqual({ x: 0, y: 0, scaleX: 1, scaleY: 1 });
});
