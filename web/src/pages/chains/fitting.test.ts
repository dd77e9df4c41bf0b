import { expect, test } from 'vitest';

import { fitting } from './fitting';

const input = (name: string, optional = false) => ({ name, title: name, optional, many: true, accepts: '' });
const step = (recipe: string, ...from: string[]) => ({ name: recipe, title: '', recipe, inputs: { data: from } });
const saxs = { inputs: [input('mask', true), input('sample')], steps: [step('integrate', 'sample'), step('fit', 'integrate')] } as unknown as Parameters<
  typeof fitting
>[0][number];

test('a chain fits where its first step is offered, whatever comes later', () => {
  expect(fitting([saxs], ['integrate'])).toEqual([saxs]);
  expect(fitting([saxs], ['fit'])).toEqual([]);
});

test('a chain that needs another dataset besides is not offered', () => {
  expect(fitting([{ ...saxs, inputs: [...saxs.inputs, input('buffer')] }], ['integrate'])).toEqual([]);
});

test('a chain that needs nothing fits nothing', () => {
  expect(fitting([{ ...saxs, inputs: [input('sample', true)] }], ['integrate'])).toEqual([]);
});
