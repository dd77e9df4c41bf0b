import { describe, expect, it } from 'vitest';

import { plotOfGroup } from '../data/plotContext';
import type { ArraySource, NodeOut, PlotContext } from '../data/types';
import { NO_PLOT } from '../data/types';
import { curveAbscissa, imageAxis, plainAxis, regularAxis, tickFormat, wantsSquarePixels } from './axes';
import { chooseVisualisation, supported } from './registry';

function source(shape: number[], dtype = '<f4', extra: Partial<ArraySource> = {}): ArraySource {
  return { pid: 'p', version: 1, path: '/d', shape, dtype, typeClass: null, kind: null, unit: null, names: new Map(), title: null, grid: [], ...extra };
}

const plot = (extra: Partial<PlotContext>): PlotContext => ({ ...NO_PLOT, ...extra });

describe('chooseVisualisation', () => {
  it.each([
    [source([200, 2167, 2070], '<u4', { kind: 'image_stack' }), NO_PLOT, 'heatmap'],
    [source([1000]), NO_PLOT, 'line'],
    [source([200, 500]), plot({ interpretation: 'spectrum' }), 'line'],
    [source([3, 500]), NO_PLOT, 'line'],
    [source([1, 1, 153]), NO_PLOT, 'line'],
    [source([1, 2, 1000], '<i4', { kind: 'spectra_map' }), NO_PLOT, 'line'],
    [source([1, 999, 221, 1], '<i4', { kind: 'image' }), NO_PLOT, 'heatmap'],
    [source([100]), plot({ axes: ['/x', '/y'] }), 'scatter'],
    [source([400, 600, 3], '|u1'), plot({ interpretation: 'rgb-image' }), 'rgb'],
    [source([400, 600, 3], '|u1'), NO_PLOT, 'rgb'],
    [source([400, 600, 3], '|u1'), plot({ interpretation: 'image' }), 'heatmap'],
    [source([]), NO_PLOT, 'value'],
    [source([10], '|S12', { typeClass: 'string' }), NO_PLOT, 'table'],
    [source([10], "[('a', '<f4')]", { typeClass: 'compound' }), NO_PLOT, 'table'],
    [source([0, 5]), NO_PLOT, 'attributes'],
    [source([64, 64], '<c8'), NO_PLOT, 'heatmap'],
  ] as const)('%o', (array, context, expected) => {
    expect(chooseVisualisation(array, context, undefined)).toBe(expected);
  });

  it('obeys the wish where the array allows it', () => {
    expect(chooseVisualisation(source([5, 5]), NO_PLOT, 'matrix')).toBe('matrix');
    expect(chooseVisualisation(source([5]), NO_PLOT, 'rgb')).toBe('line');
  });

  it('offers numbers, curve and image of an image', () => {
    expect(supported(source([50, 50]), NO_PLOT).map(({ id }) => id)).toEqual(['line', 'heatmap', 'matrix', 'attributes']);
  });
});

describe('plotOfGroup', () => {
  const child = (name: string, shape: number[]): NodeOut => ({
    name,
    path: `/entry/data/${name}`,
    kind: 'dataset',
    shape,
    enum: {},
    filters: [],
    grid: [],
    is_default: false,
    child_count: 0,
  });
  const group: NodeOut = {
    name: 'data',
    path: '/entry/data',
    kind: 'group',
    nx_class: 'NXdata',
    enum: {},
    filters: [],
    grid: [],
    is_default: true,
    child_count: 4,
    attributes: { signal: 'I', axes: ['.', 'q'], auxiliary_signals: ['fit'], title: 'Curve' },
    children: [child('I', [3, 9]), child('q', [9]), child('I_errors', [3, 9]), child('fit', [3, 9])],
  };

  it('reads signal, axes, errors and further signals', () => {
    expect(plotOfGroup(group, '/entry/data/I')).toMatchObject({
      axes: [null, '/entry/data/q'],
      errors: '/entry/data/I_errors',
      auxiliary: ['/entry/data/fit'],
      title: 'Curve',
    });
  });

  it('reads the scales that the file asks for, and no others', () => {
    const styled = (style: unknown) => plotOfGroup({ ...group, attributes: { ...group.attributes, SILX_style: style } }, '/entry/data/I');
    expect(styled('{"axes_scale_types": ["log"], "signal_scale_type": "linear"}')).toMatchObject({ xScale: 'log', yScale: 'linear' });
    expect(styled('{"signal_scale_type": "log"}')).toMatchObject({ xScale: null, yScale: 'log' });
    for (const style of ['{', 'null', '[]', 7, undefined]) expect(styled(style)).toMatchObject({ xScale: null, yScale: null });
  });

  it('reads the axes of NXcanSAS', () => {
    const canSas = { ...group, nx_class: null, attributes: { canSAS_class: 'SASdata', signal: 'I', I_axes: ['.', 'q'] } };
    expect(plotOfGroup(canSas, '/entry/data/I').axes).toEqual([null, '/entry/data/q']);
  });

  it('gives axes to further signals, and nothing to the axes themselves', () => {
    expect(plotOfGroup(group, '/entry/data/fit')).toMatchObject({ axes: [null, '/entry/data/q'], errors: null });
    expect(plotOfGroup(group, '/entry/data/q')).toEqual(NO_PLOT);
  });
});

describe('axes', () => {
  const info = (values: number[], size: number) => ({ path: '/q', name: 'q', unit: '1/nm', size, values });

  it('places evenly spaced points at pixel centres', () => {
    const axis = imageAxis(info([10, 20, 30], 3));
    expect(axis.domain).toEqual([5, 35]);
    expect(axis.toCoordinate(0.5)).toBe(10);
    expect(axis.toPixel(30)).toBe(2.5);
    expect(axis.label).toBe('q (nm⁻¹)');
  });

  it('takes edges, and descending values', () => {
    expect(imageAxis(info([0, 1, 2, 3], 3)).domain).toEqual([0, 3]);
    const falling = imageAxis(info([3, 2, 1], 3));
    expect(falling.domain).toEqual([0.5, 3.5]);
    expect(falling.toPixel(3)).toBe(0.5);
  });

  it('labels pixel numbers with values that are not evenly spaced', () => {
    const axis = imageAxis(info([1, 10, 100], 3));
    expect(axis.isIndex).toBe(true);
    expect(axis.formatTick?.(2.2)).toBe('100');
  });

  it('says nothing beside the image', () => {
    const label = tickFormat(imageAxis(plainAxis(200, 1, 2, 'image')));
    expect([-50, 0, 200, 250].map(label)).toEqual(['', '0', '200', '']);
  });

  it('writes names at the centres of pixels, shortened where room is short', () => {
    const labels = ['radius', 'scale', 'background_of_solvent'];
    const axis = imageAxis({ path: '/p', name: 'parameter', unit: null, size: 3, values: null, labels });
    expect(axis.domain).toEqual([-0.5, 2.5]);
    expect([0, 0.5, 1, 2].map((at) => axis.formatTick?.(at))).toEqual(['radius', '', 'scale', 'background_…']);
    expect(axis.nameOf?.(Math.floor(axis.toPixel(2.2)))).toBe('background_of_solvent');
    expect(wantsSquarePixels(axis, axis, null)).toBe(true);
  });

  it('keeps pixels square for detectors only', () => {
    const pixels = imageAxis(plainAxis(100, 1, 2, 'image'));
    const q = imageAxis(info([10, 20, 30], 3));
    expect(wantsSquarePixels(pixels, pixels, 'image')).toBe(true);
    expect(wantsSquarePixels(pixels, q, 'image')).toBe(false);
    expect(wantsSquarePixels(q, q, null)).toBe(true);
  });

  it('makes the coordinates of a grid', () => {
    const info = regularAxis(3, { name: 'z', start: -2, step: 0.5, unit: 'm' });
    expect(info).toMatchObject({ path: null, name: 'z', unit: 'm' });
    const axis = imageAxis(info ?? plainAxis(3, 0, 1, null));
    expect(axis.label).toBe('z (m)');
    expect(axis.domain).toEqual([-2.25, -0.75]);
    expect(axis.valueAt(2)).toBe(-1);
    expect(regularAxis(3, null)).toBeNull();
  });

  it('takes centres of edges for curves', () => {
    expect([...curveAbscissa(info([0, 2, 4], 2))]).toEqual([1, 3]);
    expect([...curveAbscissa(plainAxis(3, 0, 1, null))]).toEqual([0, 1, 2]);
  });
});
