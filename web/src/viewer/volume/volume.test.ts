import { afterEach, describe, expect, it, vi } from 'vitest';

import type { Camera } from '../core/state';
import { imageAxis, plainAxis } from '../plots/axes';
import { boxLines } from './box';
import { dot, halfSizes, panned, projected, raysOf, START, turned, zoomed, type Vector } from './camera';
import { middled, planeOf, positionOf, threeLong, threeOf } from './dimensions';
import { bricksOf, levelFor, loadVoxels, toBytes, Voxels, wireOf } from './voxels';

const level = (number: number, shape: number[]) => ({ level: number, factor: 2 ** number, shape, cells: shape.map((n) => Math.ceil(n / 64)) });

describe('three dimensions', () => {
  it('are the last that are longer than one element', () => {
    expect(threeLong([1, 8, 1, 9, 10])).toEqual({ z: 1, y: 3, x: 4 });
    expect(threeLong([8, 9])).toBeNull();
  });

  it('are the wanted ones where that works', () => {
    expect(threeOf([4, 5, 6, 7], { x: 0, y: 2, z: 3 })).toEqual({ x: 0, y: 2, z: 3 });
    for (const wrong of [{ x: 2 }, { y: 9 }]) expect(threeOf([4, 5, 6, 7], wrong)).toEqual({ z: 1, y: 2, x: 3 });
  });

  it('are cut in the middle at first, and where an image showed them', () => {
    expect(positionOf([4, 5, 6], undefined)).toEqual([2, 2, 3]);
    expect(middled([4, 5, 6], [3, 0, 0], [1, 2])).toEqual([3, 2, 3]);
  });

  it('make three planes that share axes', () => {
    const three = { z: 0, y: 1, x: 2 };
    expect([planeOf(three, 'front').across, planeOf(three, 'top').across, planeOf(three, 'side').across]).toEqual([0, 1, 2]);
    expect(planeOf(three, 'side')).toMatchObject({ y: planeOf(three, 'front').y });
  });
});

describe('the camera', () => {
  const cameras: Camera[] = [START, [10, 89, 1, 0.1, 0.2, -0.3], [-170, -45, 3, 0, 0, 0]];

  it.each(cameras.map((camera) => [camera]))('looks at its target with upright axes: %j', (camera) => {
    const { right, up, forward, eye } = raysOf(camera);
    for (const [a, b] of [[right, up], [up, forward], [forward, right]] as const) expect(dot(a, b)).toBeCloseTo(0, 12);
    for (const vector of [right, up, forward]) expect(dot(vector, vector)).toBeCloseTo(1, 12);
    expect(projected([camera[3], camera[4], camera[5]], { eye, right, up, forward, tangent: 0.3 }, 200, 100)).toEqual([expect.closeTo(100, 9), expect.closeTo(50, 9)]);
  });

  it('sees what is above higher on the screen, and nothing behind it', () => {
    const rays = raysOf(START);
    const [middle, above] = [projected([0, 0, 0], rays, 100, 100), projected([0, 0, 0.4], rays, 100, 100)];
    expect(above?.[1]).toBeLessThan(middle?.[1] ?? 0);
    const behind = rays.eye.map((value) => value * 1.5) as unknown as Vector;
    expect(projected(behind, rays, 100, 100)).toBeNull();
  });

  it('stays within its limits', () => {
    expect(turned(START, 0, 999)[1]).toBe(90);
    expect(turned([170, 0, 2, 0, 0, 0], -30, 0)[0]).toBe(-160);
    expect(zoomed(START, 1e9)[2]).toBeLessThan(10);
    expect(panned(START, 1e9, 0).slice(3).every((value) => Math.abs(value) <= 2)).toBe(true);
  });

  it('moves what is seen with the hand', () => {
    const before = projected([0, 0, 0], raysOf(START), 100, 100);
    const after = projected([0, 0, 0], raysOf(panned(START, 0.1, 0)), 100, 100);
    expect((after?.[0] ?? 0) - (before?.[0] ?? 0)).toBeCloseTo(10, 6);
  });
});

describe('the box', () => {
  it('has physical proportions where the axes share a unit, else those of its voxels', () => {
    expect(halfSizes([4, 2, 1], ['m', 'm', 'm'], [9, 9, 9])).toEqual([0.5, 0.25, 0.125]);
    expect(halfSizes([4, 2, 1], ['m', 'eV', 'm'], [8, 8, 4])).toEqual([0.5, 0.5, 0.25]);
    expect(halfSizes([1000, 2, 1], ['m', 'm', 'm'], [1, 1, 1])).toEqual([0.5, 0.125, 0.125]);
  });

  it('is drawn with its axes named', () => {
    const axis = (i: number) => imageAxis(plainAxis(10, i, 3, null));
    const { lines, labels } = boxLines({ half: [0.5, 0.5, 0.5], rays: raysOf(START), axes: [axis(2), axis(1), axis(0)], width: 600, height: 600 });
    expect(lines).toHaveLength(12);
    expect(lines.filter(({ back }) => back).length).toBe(3);
    expect(labels).toHaveLength(9);
  });
});

describe('voxels', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('come at the finest level that fits', () => {
    const levels = [level(0, [1024, 1024, 1024]), level(1, [512, 512, 512]), level(2, [256, 256, 256])];
    expect(levelFor(levels, 2048)?.level).toBe(2);
    expect(levelFor(levels, 128)).toBeNull();
  });

  it('come from the middle outwards', () => {
    const order = bricksOf(level(0, [192, 192, 192]));
    expect(order).toHaveLength(27);
    expect(order[0]).toEqual([1, 1, 1]);
  });

  it.each([
    ['|u1', 8, 200],
    ['<u2', 16, 60_000],
    ['<i2', 16, -5],
    ['<f4', null, 0.25],
  ])('of type %s keep their values', (dtype, bits, value) => {
    const wire = wireOf(dtype);
    expect(wire.bits).toBe(bits);
    const voxels = new Voxels([1, 1, 2], 1, 1, wire);
    const code = bits === null ? value : value - wire.first + 1;
    const none = bits === null ? NaN : 0;
    voxels.put(bits === 8 ? Uint8Array.of(code, none) : bits === 16 ? Uint16Array.of(code, none) : Float32Array.of(code, none), [1, 1, 2], [0, 0, 0]);
    expect([voxels.valueAt(0), voxels.valueAt(1)]).toEqual([value, NaN]);
    const bytes = new Uint8Array(2);
    toBytes(voxels, [value - 1, value], 'linear', bytes);
    expect([...bytes]).toEqual([255, 0]);
  });

  it('are clear below a log scale and coloured alike by both ways', () => {
    const values = [0, 1, 10, 100];
    const [coded, plain] = [new Voxels([1, 1, 4], 1, 1, wireOf('<u2')), new Voxels([1, 1, 4], 1, 1, wireOf('<f4'))];
    coded.put(Uint16Array.from(values, (value) => value + 1), [1, 1, 4], [0, 0, 0]);
    plain.put(Float32Array.from(values), [1, 1, 4], [0, 0, 0]);
    for (const scale of ['linear', 'log', 'sqrt', 'symlog'] as const) {
      const [a, b] = [new Uint8Array(4), new Uint8Array(4)];
      toBytes(coded, [1, 100], scale, a);
      toBytes(plain, [1, 100], scale, b);
      expect([...a]).toEqual([...b]);
      expect([a[1], a[3]]).toEqual([1, 255]);
    }
  });

  it('are put where their brick belongs, and asked for in whole numbers', async () => {
    const asked: URLSearchParams[] = [];
    const pyramid = { brick: 2, volumes: [{ level: 0, factor: 1, shape: [2, 2, 3], cells: [1, 1, 2] }] };
    vi.stubGlobal('fetch', (url: string) => {
      const { pathname, searchParams } = new URL(url, 'http://x');
      if (pathname.endsWith('pyramid')) return Promise.resolve(Response.json(pyramid));
      asked.push(searchParams);
      const wide = searchParams.get('x') === '0' ? 2 : 1;
      return Promise.resolve(
        new Response(new Uint8Array(4 * wide).fill(wide), { headers: { 'X-Shape': JSON.stringify([2, 2, wide]), 'X-Dtype': '|u1' } }),
      );
    });
    const seen: number[] = [];
    let found: Voxels | null = null;
    await loadVoxels({ pid: 'p', path: '/v', dtype: '|u1' }, [7], 99, new AbortController().signal, (voxels) => {
      seen.push(voxels.done);
      found = voxels;
    });
    expect(seen).toEqual([1, 2]);
    expect([...((found as Voxels | null)?.values ?? [])]).toEqual([2, 2, 1, 2, 2, 1, 2, 2, 1, 2, 2, 1]);
    expect(Object.fromEntries(asked[0] ?? [])).toMatchObject({ frame: '7', low: '0', high: '254', bits: '8', level: '0' });
  });
});
