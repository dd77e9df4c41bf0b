// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import type { DatasetOut } from '../data/types';
import { barTicks } from './barTicks';
import { captionLines, citation, columnText, pythonCall } from './captions';
import { curvesDomain, errorPath, linePath, seriesDomain, widthPath } from './paths';
import { curveFigureSvg, imageFigureSvg, scatterFigureSvg } from './svg';

const dataset = {
  pid: 'saxs-1',
  version: 2,
  title: 'Latex <5%>',
  facility: 'Demo',
  instrument: 'BL-SAXS',
  proposal: 'P-1',
  sample: 'latex',
  start_time: '2026-05-03T10:00:00Z',
  created: '2026-05-04T10:00:00Z',
} as DatasetOut;

describe('words', () => {
  it('names path, selection and pid', () => {
    expect(captionLines(dataset, '/entry/data/data', '17,:,:')).toEqual([
      '/entry/data/data[17, :, :] · sample latex',
      'Demo, BL-SAXS · pid saxs-1, version 2',
    ]);
  });

  it('names a file of somebody’s own computer as such', () => {
    const file = { ...dataset, pid: 'run 7/scan.nxs', proposal: '', facility: '', instrument: null };
    expect(captionLines(file, '/entry/data/data', null)).toEqual(['/entry/data/data · sample latex', 'file run 7/scan.nxs']);
  });

  it('gives the client call', () => {
    expect(pythonCall('http://localhost:8000', 'saxs-1', '/entry/data/data', '17,:,:')).toContain(
      'pandaas.connect("http://localhost:8000").dataset("saxs-1")["/entry/data/data"][17, :, :]',
    );
    expect(pythonCall('http://h', 'p', '/d', null)).toContain('["/d"][...]');
  });

  it('cites with year and pid', () => {
    expect(citation(dataset, 'https://x.org')).toBe(
      'Latex <5%> (2026). Demo, BL-SAXS, proposal P-1. Dataset saxs-1, version 2. https://x.org/datasets/saxs-1',
    );
  });

  it('writes columns that programs read', () => {
    const text = columnText(
      [
        { name: 'q', unit: '1/nm', values: [0.1, 0.2] },
        { name: 'I', unit: null, values: [10, NaN] },
      ],
      ['pid p'],
    );
    expect(text.split('\n')).toEqual(['# pid p', '# q (1/nm)  I', '1.000000000e-1 1.000000000e+1', '2.000000000e-1 nan', '']);
  });
});

describe('paths', () => {
  const frame = { xDomain: [0, 2], yDomain: [1, 100], xScale: 'linear', yScale: 'log', width: 200, height: 100 } as const;

  it('break where a log axis has no place for the value', () => {
    expect(linePath({ x: [0, 1, 2], y: [1, 0, 100] }, { ...frame, xDomain: [0, 2], yDomain: [1, 100] })).toBe('M0.0,100.0M200.0,0.0');
  });

  it('end error bars at the frame where they would reach zero', () => {
    expect(widthPath({ x: [1], y: [10], xErrors: [0.5] }, { ...frame, xDomain: [0, 2], yDomain: [1, 100] })).toMatch(/^M50\.0,.*H150\.0$/);
    expect(errorPath({ x: [1], y: [10], errors: [20] }, { ...frame, xDomain: [0, 2], yDomain: [1, 100] })).toMatch(/^M100\.0,.*V100\.0$/);
  });

  it('find domains, also of nothing', () => {
    expect(seriesDomain([[NaN]], 'linear')).toEqual([0, 1]);
    const [low, high] = seriesDomain([[-5, 1, 100]], 'log');
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(100);
  });
});

describe('the domain of curves', () => {
  const y = [10, 20];

  it('holds their error bars, on a log axis the upper ends', () => {
    const linear = curvesDomain([{ y, errors: [1, 4] }], 'linear');
    expect(linear[0]).toBeLessThan(9);
    expect(linear[1]).toBeGreaterThan(24);
    const log = curvesDomain([{ y, errors: [9.999, 4] }], 'log');
    expect(log[0]).toBeGreaterThan(5);
    expect(log[1]).toBeGreaterThan(24);
  });

  it('is not pressed flat by a few bars far longer than the curves are high', () => {
    const [low, high] = curvesDomain([{ y, errors: [1000, NaN] }], 'linear');
    expect(high - low).toBeLessThan(40);
  });

  it('is that of the values where nothing has errors', () => {
    expect(curvesDomain([{ y, errors: null }], 'log')).toEqual(seriesDomain([y], 'log'));
    expect(curvesDomain([], 'linear')).toEqual([0, 1]);
  });
});

describe('the ticks of a colour scale', () => {
  it('of both signs stand at zero and round numbers, apart from each other', () => {
    expect(barTicks([-41, 41], 'symlog', 7).map(({ label }) => label)).toEqual(['−10', '−2', '0', '2', '10']);
    expect(barTicks([-0.4, 0.4], 'symlog', 5).map(({ label }) => label)).toContain('0.2');
    const many = barTicks([-30_000, 30_000], 'symlog', 7).map(({ at }) => at);
    expect(Math.min(...many.slice(1).map((at, i) => at - (many[i] ?? 0)))).toBeGreaterThanOrEqual(0.1 - 1e-9);
  });

  it('of a narrow range far from zero are told apart', () => {
    const labels = barTicks([4.1996e7, 4.19978e7], 'linear', 7).map(({ label }) => label);
    expect(new Set(labels).size).toBe(labels.length);
  });
});

describe('figures', () => {
  const axes = {
    x: { label: 'q (nm⁻¹)', domain: [0, 2] as [number, number], scale: 'linear' as const },
    y: { label: 'I', domain: [1, 100] as [number, number], scale: 'log' as const },
  };

  it('curves: labels, legend, caption, and no markup from titles', () => {
    const svg = curveFigureSvg({
      ...axes,
      title: 'A <b>',
      caption: ['pid p'],
      size: { width: 300, height: 200 },
      curves: [
        { x: [0, 1], y: [1, 10], label: 'one', color: '#123456' },
        { x: [0, 1], y: [2, 20], label: 'two', color: '#654321' },
      ],
    });
    const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
    expect(parsed.querySelector('parsererror')).toBeNull();
    expect(svg).toContain('q (nm⁻¹)');
    expect(svg).toContain('pid p');
    expect(svg).toContain('two');
    // The legend stands over the plot, whose upper edge is at 44 and its own line below.
    expect(svg).toContain("translate(84,62)");
    expect(svg).toContain("translate(0,-12)");
    expect(svg).not.toContain('<b>');
  });

  it('images: the picture and its colour bar', () => {
    const svg = imageFigureSvg({
      ...axes,
      title: 't',
      caption: [],
      image: 'data:image/png;base64,AA',
      aspect: 0.5,
      bar: { colors: ['#000', '#fff'], ticks: [{ at: 0.5, label: '10' }], label: 'counts' },
    });
    const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
    expect(parsed.querySelector('parsererror')).toBeNull();
    expect(parsed.querySelectorAll('stop')).toHaveLength(2);
  });
});

describe('points in a plane', () => {
  it('are drawn where they lie, those without a place left out', () => {
    const svg = scatterFigureSvg({
      title: 'Map',
      caption: ['pid p'],
      x: { label: 'x (mm)', domain: [0, 10], scale: 'linear' },
      y: { label: 'y (mm)', domain: [0, 5], scale: 'linear' },
      points: [
        { x: 5, y: 5, color: '#123456' },
        { x: NaN, y: 1, color: '#000000' },
      ],
      bar: { colors: ['#000', '#fff'], ticks: [{ at: 1, label: '7' }], label: 'I (counts)' },
      size: { width: 200, height: 100 },
    });
    expect(svg.match(/<circle/g)).toHaveLength(1);
    expect(svg).toContain("cx='100.0' cy='0.0' r='3' fill='#123456'");
    expect(svg).toContain('I (counts)');
  });

  it('colour images have no colour bar', () => {
    const axis = { label: 'x', domain: [0, 4] as [number, number], scale: 'linear' as const };
    expect(imageFigureSvg({ title: 't', caption: [], x: axis, y: axis, image: 'data:,', aspect: 1, bar: null })).not.toContain('linearGradient');
  });
});

describe('a figure with an axis on the right', () => {
  const axis = { domain: [0, 1] as [number, number], scale: 'linear' as const };
  const curve = { x: [0, 1], y: [0, 1], label: 'Intensity', color: '#000' };
  const figure = { title: 'Pulse', caption: [], x: { ...axis, label: 'Time' }, y: { ...axis, label: 'Intensity' }, size: { width: 200, height: 100 } };

  it('draws over it the curves that say so, and names it', () => {
    const phase = { ...curve, y: [0, 10], label: 'Phase', right: true };
    const svg = curveFigureSvg({ ...figure, curves: [curve, phase], right: { label: 'Phase (rad)', domain: [0, 20], scale: 'linear' } });
    expect(svg).toContain('M0.0,100.0L200.0,50.0');
    expect(svg).toContain('>Phase (rad)</text>');
    expect(curveFigureSvg({ ...figure, curves: [curve] })).not.toContain('rad');
  });
});
