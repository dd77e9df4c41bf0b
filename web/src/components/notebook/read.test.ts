import { expect, test } from 'vitest';

import { readNotebook } from './read';

const notebook = (...cells: unknown[]) => JSON.stringify({ nbformat: 4, cells });
const shown = (data: unknown) => readNotebook(notebook({ cell_type: 'code', source: '', outputs: [{ output_type: 'display_data', data }] }))?.[0]?.outputs;

test('cells keep their order, number and text', () => {
  const cells = readNotebook(notebook({ cell_type: 'markdown', source: ['# A\n', 'b'] }, { cell_type: 'code', source: 'x = 1', metadata: { tags: ['injected-parameters'] }, outputs: [] }));
  expect(cells?.map(({ number, kind, source, parameters }) => [number, kind, source, parameters])).toEqual([
    [1, 'markdown', '# A\nb', false],
    [2, 'code', 'x = 1', true],
  ]);
});

test('of an output with HTML or JavaScript only the plain text is taken', () => {
  expect(shown({ 'text/html': '<script>alert(1)</script>', 'application/javascript': 'alert(1)', 'text/plain': 'a table' })).toEqual([{ is: 'text', text: 'a table', warns: false }]);
});

test('an output that is nothing but HTML is named, not shown', () => {
  expect(shown({ 'text/html': '<b>x</b>' })).toEqual([{ is: 'other', kinds: ['text/html'] }]);
});

test('pictures become data addresses; what is not base64 or could hold a script does not', () => {
  expect(shown({ 'image/png': 'aGVs\nbG8=' })).toEqual([{ is: 'picture', address: 'data:image/png;base64,aGVsbG8=' }]);
  expect(shown({ 'image/png': '"><script>', 'text/plain': 'figure' })).toEqual([{ is: 'text', text: 'figure', warns: false }]);
  expect(shown({ 'image/svg+xml': '<svg onload="x"/>' })).toEqual([{ is: 'other', kinds: ['image/svg+xml'] }]);
});

test('an error shows its name and words, never its traceback', () => {
  const cells = readNotebook(notebook({ cell_type: 'code', source: '', outputs: [{ output_type: 'error', ename: 'ValueError', evalue: 'no peak', traceback: ['secret line'] }] }));
  expect(cells?.[0]?.outputs).toEqual([{ is: 'error', name: 'ValueError', text: 'no peak' }]);
});

test('the note that papermill puts on top is left out, so that numbers agree', () => {
  const cells = readNotebook(notebook({ cell_type: 'markdown', source: 'An exception', metadata: { tags: ['papermill-error-cell-tag'] } }, { cell_type: 'code', source: 'x' }));
  expect(cells?.map(({ number, source }) => [number, source])).toEqual([[1, 'x']]);
});

test('what is no notebook gives nothing', () => {
  for (const text of ['', '[]', '{"nbformat": 3, "cells": []}', '{"nbformat": 4, "cells": {}}', 'null']) expect(readNotebook(text)).toBeNull();
});

test('odd cells do no harm', () => {
  const cells = readNotebook(notebook(null, 5, {}, { cell_type: 'code', outputs: [null, 3, {}, { output_type: 'display_data', data: [] }], source: { a: 1 }, metadata: { tags: 'x' } }));
  expect(cells?.map(({ source, outputs }) => [source, outputs])).toEqual([
    ['', []],
    ['', []],
  ]);
});
