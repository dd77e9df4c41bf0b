// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import type { DatasetOut, ProvenanceOut } from '@/api/types';

import { attributeText } from './Attributes';
import { pythonFor } from './CopyPython';
import { BOX, layOut } from './layers';
import { programsFor } from './programs';

const node = (id: string, type: 'dataset' | 'job' = 'dataset'): ProvenanceOut['nodes'][number] => ({ id, type, title: id, detail: null, time: null, hidden: false, version: '' });

describe('the provenance graph', () => {
  const graph: ProvenanceOut = {
    nodes: [node('result'), node('raw'), node('mask'), node('job', 'job'), node('fit', 'job')],
    edges: [
      { source: 'raw', target: 'job', label: 'sample' },
      { source: 'mask', target: 'job', label: 'mask' },
      { source: 'job', target: 'result', label: 'made' },
      { source: 'result', target: 'fit', label: 'curve' },
    ],
  };
  const { placed, paths, width, height } = layOut(graph);
  const y = (id: string) => placed.find((place) => place.node.id === id)?.y ?? Number.NaN;

  it('stands inputs above what is made of them', () => {
    for (const { source, target } of graph.edges) expect(y(source)).toBeLessThan(y(target));
    expect(y('raw')).toBe(y('mask'));
  });

  it('keeps all boxes apart and inside', () => {
    for (const a of placed) {
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.x + BOX.width).toBeLessThanOrEqual(width);
      expect(a.y + BOX.height).toBeLessThanOrEqual(height);
      for (const b of placed) if (a !== b && a.y === b.y) expect(Math.abs(a.x - b.x)).toBeGreaterThanOrEqual(BOX.width);
    }
    expect(paths).toHaveLength(4);
  });

  it('ends on a circle and leaves out lines to what is not shown', () => {
    const round = layOut({ nodes: [node('a'), node('b')], edges: [{ source: 'a', target: 'b', label: '' }, { source: 'b', target: 'a', label: '' }, { source: 'b', target: 'gone', label: '' }] });
    expect(round.placed).toHaveLength(2);
    expect(round.paths).toHaveLength(2);
  });
});

describe('the Python call', () => {
  const dataset = { pid: 'ds-1', open: false, arrays: [{ path: '/entry/data/data', shape: [200, 10, 10], dtype: 'uint32', unit: 'counts' }] } as unknown as DatasetOut;

  it('takes the frame on the screen', () =>
    expect(pythonFor('http://x', dataset, '/entry/data/data', '17_0_0')).toContain('dataset["/entry/data/data"][17]'));

  it('asks for a token unless the data are open', () => {
    expect(pythonFor('http://x', dataset, '/', undefined)).toContain('token=');
    expect(pythonFor('http://x', { ...dataset, open: true }, '/', undefined)).not.toContain('token=');
  });
});

describe('the calls of other programs', () => {
  const arrays = [
    { path: '/entry/data/data', kind: 'image_stack', is_default: true },
    { path: '/entry/data/time', kind: 'curve', is_default: false },
  ];
  const dataset = { pid: 'ds-1', arrays } as unknown as DatasetOut;
  const code = (path: string, name: string) => programsFor('http://x/zarr/ds-1', dataset, path).find((program) => program.name === name)?.code;

  it('open the array on the screen, its group, or the pyramid beside it', () => {
    expect(code('/entry/data/data', 'napari')).toContain('"http://x/zarr/ds-1/entry/data/data.ome.zarr"');
    expect(code('/entry/data/data', 'xarray')).toContain('address = "http://x/zarr/ds-1/entry/data"');
    expect(code('/entry/data/time', 'dask')).toContain('from_zarr("http://x/zarr/ds-1/entry/data/time")');
    expect(code('/entry/data/data', 'zarr')).toContain('open_group("http://x/zarr/ds-1",');
  });

  it('offer napari for images only, and the default array where none is chosen', () => {
    expect(code('/entry/data/time', 'napari')).toBeUndefined();
    expect(code('/', 'dask')).toContain('/entry/data/data"');
    expect(programsFor('a', { ...dataset, arrays: [] }, '/').map(({ name }) => name)).toEqual(['zarr']);
  });
});

it('writes attributes shortly', () => {
  expect(attributeText([1, 2, 3])).toBe('1, 2, 3');
  expect(attributeText(Array.from({ length: 30 }, (_, index) => index))).toMatch(/…$/u);
  expect(attributeText({ a: 1 })).toBe('{"a":1}');
  expect(attributeText(null)).toBe('');
});
