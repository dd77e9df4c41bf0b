import { describe, expect, it } from 'vitest';

import { misfits, words } from './fit';
import {
  COLOR_MAPS, FIGURES, FOLLOWED, isStep, PANELS, PROJECTIONS, RELATIONS, STATE_KEYS, stateFromParams, stateToParams, unreadParams,
  VISUALISATIONS, type Box, type Camera, type ViewerState,
} from './state';
import { COMPLEX_PARTS } from './complex';
import { COLOR_SCALES } from './contrast';

/** Numbers that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function anyState(random: () => number): ViewerState {
  const one = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)];
  const real = () => Number(((random() - 0.5) * 10 ** Math.floor(random() * 24 - 8)).toPrecision(7));
  const whole = () => Math.floor(random() * 10 ** Math.floor(random() * 14));
  const reals = (count: number) => Array.from({ length: count }, real);
  const wholes = () => Array.from({ length: 1 + Math.floor(random() * 6) }, whole);
  const texts = ['AgBh', '58.4, 29.2', '/entry/data/with space & more?#=%', 'größe/日本', "a'b\"c", '1_2', '0'];
  const all: ViewerState = {
    vis: one(VISUALISATIONS), slice: wholes(), x: whole(), y: whole(), z: whole(), part: one(COMPLEX_PARTS), map: one(COLOR_MAPS),
    invert: random() < 0.5, scale: one(COLOR_SCALES), domain: [real(), real()], zoom: reals(4) as Box, mask: random() < 0.5,
    top: random() < 0.5, rings: one(texts), panel: one(PANELS), region: reals(4) as Box, profile: reals(4) as Box, profileWidth: whole(),
    pixel: [whole(), whole()], follow: one(FOLLOWED), along: whole(), figure: one(FIGURES), xScale: one(['linear', 'log']),
    yScale: one(['linear', 'log']), errors: one(['bars', 'band', 'none']), pinned: wholes(), camera: reals(6) as Camera,
    projection: one(PROJECTIONS), opacity: Number(random().toPrecision(7)), threshold: Number(random().toPrecision(7)),
    against: one(texts), againstPath: one(texts), relation: one(RELATIONS),
  };
  return Object.fromEntries(Object.entries(all).filter(() => random() < 0.6));
}

describe('the address', () => {
  it('brings every state back as it was', () => {
    const random = seeded(7);
    for (let round = 0; round < 500; round++) {
      const state = anyState(random);
      const params = stateToParams(state);
      // Through a real address, with everything that escaping may do to it.
      const address = new URL(`http://x/?${new URLSearchParams(params).toString()}`);
      const found = Object.fromEntries(address.searchParams);
      expect(stateFromParams(found)).toEqual(state);
      expect(unreadParams(found)).toEqual([]);
    }
  });

  it('takes nonsense of any kind without a word of it getting through', () => {
    const random = seeded(11);
    const nonsense = ['', 'NaN', '1_', '_', '1_2_3_4_5_6_7', '-1', '1e999', 'true', ' ', '%', '0x10', '1.5', 'x'.repeat(5000), '__proto__', '١'];
    for (let round = 0; round < 500; round++) {
      const params = Object.fromEntries(STATE_KEYS.map((key) => [key, nonsense[Math.floor(random() * nonsense.length)] ?? '']));
      const state = stateFromParams(params);
      // What was understood is what a state may be: it comes back.
      expect(stateFromParams(stateToParams(state))).toEqual(state);
      for (const key of unreadParams(params)) expect(words([key])[0]).not.toContain('‘');
    }
  });

  it('keeps large indices exact', () => {
    expect(stateToParams({ slice: [123456789, 0] })).toEqual({ slice: '123456789_0' });
  });

  it('has no two fields under one key', () => {
    expect(new Set(STATE_KEYS).size).toBe(STATE_KEYS.length);
  });

  it('is stepped back through by what changes the plot, not by every frame', () => {
    expect(isStep({ vis: 'line', zoom: undefined })).toBe(true);
    expect(isStep({ follow: undefined })).toBe(true);
    expect(isStep({ slice: [3], zoom: [0, 0, 1, 1], domain: [0, 1] })).toBe(false);
  });
});

describe('a state that does not suit an array', () => {
  it('is told by what is wrong with it', () => {
    expect(misfits({ vis: 'volume', x: 3, slice: [9, 0, 0], along: 5 }, [9, 4, 4], ['heatmap'])).toEqual(['vis', 'x', 'slice', 'along']);
    expect(misfits({ x: 1, y: 1 }, [9, 4, 4], [])).toEqual(['x']);
    expect(misfits({ slice: [8, 0, 0], x: 0, y: 1, along: 2 }, [9, 4, 4], [])).toEqual([]);
    expect(misfits({ slice: [0, 0, 0] }, [1, 0], [])).toEqual(['slice']);
    expect(words(['x', 'y', 'vis'])).toEqual(['the axes', 'the visualisation']);
  });
});
