import { describe, expect, it } from 'vitest';

import type { Geometry } from '../data/types';
import { calibrantSpacings, parseRings } from './calibrants';
import { DetectorGeometry } from './geometry';

/** Numbers from pyFAI 2025.3: tth, chi, qFunction at pixel indices, getFit2D for the beam centre. */
const REFERENCES: { geometry: Geometry; pixels: [y: number, x: number, tth: number, chi: number, q: number][] }[] = [
  {
    geometry: geometry(2.0, 1028.0, 1082.6666666666667, 75e-6, 1e-10, [0, 0, 0]),
    pixels: [
      [0, 0, 0.05590145995993247, -2.330287821125488, 3.5119349977342553],
      [100, 700, 0.03880537398541559, -1.8926486934493831, 2.4380605761492493],
      [1500, 321, 0.030770611565114587, 2.6075109985315543, 1.933298271605614],
      [900, 1200, 0.009407735153390342, -0.8126470563708756, 0.591103253062332],
    ],
  },
  {
    geometry: geometry(0.25, 115.43700986728882, 71.7697245940802, 172e-6, 0.7e-10, [0.12, -0.07, 0.3]),
    pixels: [
      [0, 0, 0.08987206517686777, -2.890503599302894, 8.064183137244706],
      [100, 700, 0.39466027494427625, -0.2591155961668065, 35.195169650488864],
      [1500, 321, 0.8195636148738742, 1.1280573250707555, 71.5222540490903],
      [900, 1200, 0.8128671424702902, 0.34922166262385246, 70.97054446600573],
    ],
  },
  {
    geometry: geometry(1.2, 3532.52042610407, 1650.509605882433, 100e-6, 1.54e-10, [-0.2, 0.15, -1.1]),
    pixels: [
      [0, 0, 0.3193150760705862, -1.6262366461476145, 12.972746597916068],
      [100, 700, 0.26372153223866, -1.5605913298805387, 10.728659835268848],
      [1500, 321, 0.2621520946812446, -2.0247548207058723, 10.665179508201955],
      [900, 1200, 0.19900603062577, -1.7554861552971237, 8.106035488914593],
    ],
  },
];

function geometry(
  distance: number,
  x: number,
  y: number,
  pixel: number,
  wavelength: number,
  [rot1, rot2, rot3]: [number, number, number],
): Geometry {
  return {
    distance,
    beam_center_x: x,
    beam_center_y: y,
    pixel_size_x: pixel,
    pixel_size_y: pixel,
    wavelength,
    rot1,
    rot2,
    rot3,
    source: 'test',
  };
}

describe('DetectorGeometry', () => {
  const cases = REFERENCES.flatMap(({ geometry: parameters, pixels }) =>
    pixels.map((pixel) => ({ parameters, pixel })),
  );

  it.each(cases)('agrees with pyFAI at pixel $pixel', ({ parameters, pixel: [y, x, tth, chi, q] }) => {
    const angles = new DetectorGeometry(parameters).at(x + 0.5, y + 0.5);
    expect((angles.twoTheta * Math.PI) / 180).toBeCloseTo(tth, 9);
    expect((angles.chi * Math.PI) / 180).toBeCloseTo(chi, 9);
    expect(angles.q).toBeCloseTo(q / 10, 8);
    expect(angles.d).toBeCloseTo((20 * Math.PI) / q, 7);
  });

  it.each(REFERENCES)('sees the direct beam at the beam centre', ({ geometry: parameters }) => {
    const centre = new DetectorGeometry(parameters).at(parameters.beam_center_x, parameters.beam_center_y);
    expect(centre.twoTheta).toBeCloseTo(0, 9);
    expect(centre.d).toBeGreaterThan(1e6);
  });

  it.each(REFERENCES)('projects rings back to pixels of that spacing', ({ geometry: parameters }) => {
    const detector = new DetectorGeometry(parameters);
    const points = detector.ring(5, 12).filter((point) => point !== null);
    expect(points.length).toBeGreaterThan(6);
    for (const [x, y] of points) expect(detector.at(x, y).d).toBeCloseTo(5, 6);
  });

  it('draws no ring beyond the resolution limit of half a wavelength', () => {
    expect(new DetectorGeometry(geometry(1, 0, 0, 1e-4, 2e-10, [0, 0, 0])).ring(0.9)).toEqual([]);
  });
});

describe('calibrants', () => {
  it.each([
    ['CeO2', [3.12442, 2.70583, 1.91331, 1.63167, 1.56221, 1.35291]],
    ['LaB6', [4.15683, 2.93932, 2.39994, 2.07841, 1.85899, 1.69702]],
    ['Si', [3.1357, 1.92022, 1.63757, 1.3578, 1.246, 1.10864]],
    ['AgBh', [58.38, 29.19, 19.46, 14.595, 11.676, 9.73]],
  ] as const)('%s has the spacings that pyFAI lists', (name, expected) => {
    calibrantSpacings(name, 6).forEach((d, i) => expect(d).toBeCloseTo(expected[i] ?? NaN, 3));
  });

  it('reads names and lists, and refuses the rest', () => {
    expect(parseRings('agbh')?.[0]).toBeCloseTo(58.38);
    expect(parseRings('10, 5.5; 3')).toEqual([10, 5.5, 3]);
    expect(parseRings('10, -1')).toBeNull();
    expect(parseRings('')).toBeNull();
  });
});
