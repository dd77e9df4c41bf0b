import { expect, test } from 'vitest';

import { downstream, draftOf, fits, followers, freshName, levelsOf, NEW, renamed, slotFor, withInputFor, without, withStep, type Draft } from './draft';

const slot = (name: string, minimum = 1) => ({ name, title: name, minimum });
const integrate = { id: 'integrate', title: 'Integrate', inputs: [slot('sample'), slot('mask', 0)] };
const fit = { id: 'fit', title: 'Fit', inputs: [slot('curve'), slot('together', 0)] };
const odd = { id: 'odd', title: 'Odd', inputs: [slot('data')] };
const FIT = { connections: [{ recipe: 'integrate', taker: 'fit', slot: 'curve' }], undeclared: ['odd'] };

function chain(): Draft {
  const one = withStep(NEW, integrate, 'sample', 'sample');
  return withStep(one.draft, fit, 'curve', one.name).draft;
}

test('a step is named after its recipe, and no two have one name', () => {
  expect(freshName(chain(), 'fit')).toBe('fit2');
  expect(freshName(NEW, '2-theta scan')).toBe('theta_scan');
});

test('what a file leaves out is filled in', () => {
  expect(draftOf({ title: 'x', steps: [{ name: 'a', recipe: 'fit' }] }).steps[0]).toEqual({ name: 'a', recipe: 'fit', version: null, title: '', inputs: {}, parameters: {}, ask: [] });
});

test('a renamed step keeps what it feeds', () => {
  expect(renamed(chain(), 'integrate', 'reduce').steps[1]?.inputs).toEqual({ curve: ['reduce'] });
});

test('a removed step leaves no connection behind', () => {
  expect(without(chain(), 'integrate').steps).toEqual([expect.objectContaining({ name: 'fit', inputs: {} })]);
});

test('an input for an optional slot may be left out when the chain runs', () => {
  const { inputs, steps } = withInputFor(chain(), 'integrate', slot('mask', 0));
  expect(inputs[1]).toEqual({ name: 'mask', title: 'mask', optional: true, many: false });
  expect(steps[0]?.inputs.mask).toEqual(['mask']);
});

test('what needs a step lies below it, and cannot feed it', () => {
  expect([...levelsOf(chain())]).toEqual([['integrate', 0], ['fit', 1]]);
  expect([...downstream(chain(), 'integrate')]).toEqual(['integrate', 'fit']);
  expect(slotFor(chain(), 'fit', 'integrate', integrate, FIT)).toBeUndefined();
});

test('a circle in a file does not hang the drawing', () => {
  const circle = renamed(chain(), 'sample', 'fit');
  expect(levelsOf(circle).size).toBe(2);
});

test('recipes that take the result are offered, those that may after those that do', () => {
  expect(followers(chain(), 'integrate', [odd, integrate, fit], FIT).map(({ recipe }) => recipe.id)).toEqual(['fit']);
  const unsure = withStep(NEW, odd, 'data', 'sample').draft;
  expect(followers(unsure, 'odd', [fit], FIT)).toEqual([{ recipe: fit, slot: 'curve', sure: false }]);
  expect(fits(chain(), 'sample', 'fit', 'curve', FIT)).toBe('yes');
});

test('a drawn connection goes into a slot that is needed and empty', () => {
  const loose = withStep(NEW, fit, 'together', 'sample').draft;
  expect(slotFor(loose, 'sample', 'fit', fit, FIT)).toBe('curve');
});
