import { expect, it } from 'vitest';

import type { SessionFileOut } from '@/api/types';

import { chosenOf, fieldsOf, idFor, titleFor } from './resultFiles';

const file = (name: string, problem: string | null = null): SessionFileOut => ({
  name,
  size: 1,
  modified: '2026-01-01T00:00:00Z',
  processed: false,
  problem,
  dataset: null,
  changed: false,
  automatic: false,
  set_aside: null,
});

it('takes of the marked files only what is still there and can be registered', () => {
  expect(chosenOf([file('b.nxs'), file('link', 'It is a link.'), file('a.nxs')], ['a.nxs', 'gone.nxs', 'link', 'b.nxs'])).toEqual(['b.nxs', 'a.nxs']);
});

it('begins with the name of the file as title, or with the program', () => {
  expect(titleFor(['fits/silica_fit.nxs'], 'JupyterLab')).toBe('silica fit');
  expect(titleFor(['.nxs'], 'JupyterLab')).toBe('.nxs');
  expect(titleFor(['a.nxs', 'b.nxs'], 'JupyterLab')).toBe('Results of JupyterLab');
});

it('proposes an identifier that recipes may have', () => {
  expect(['sub/My Fit_2.ipynb', '2024.ipynb', 'Größe.ipynb'].map(idFor)).toEqual(['my-fit-2', 'my-recipe', 'gr-e']);
});

it('says what fields a notebook has, also those that may stay empty', () => {
  const schema = { properties: { n: { title: 'N', type: 'integer', default: 5 }, q: { anyOf: [{ type: 'number' }, { type: 'null' }], default: null }, m: { enum: ['a', 'b'], default: 'a' } } };
  expect(fieldsOf(schema)).toEqual([
    { name: 'n', title: 'N', type: 'integer', value: '5' },
    { name: 'q', title: 'q', type: 'number', value: 'null' },
    { name: 'm', title: 'm', type: 'a, b', value: '"a"' },
  ]);
});
