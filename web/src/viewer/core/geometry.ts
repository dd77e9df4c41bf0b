/**
 * Where a pixel looks at: q, d, 2θ and χ from the detector geometry, with pyFAI's conventions
 * (G. Ashiotis et al., J. Appl. Cryst. 48 (2015) 510): axes 1 = slow (y), 2 = fast (x), 3 = along the beam; the rotations
 * act about axes 1, 2 and 3; `distance` is the orthogonal distance from the sample to the detector plane.
 * The beam centre is the pixel that the direct beam hits; the centre of pixel i is at i + 0.5.
 */

import type { Geometry } from '../data/types';

type Row = readonly [number, number, number];
type Matrix = readonly [Row, Row, Row];

export interface PixelAngles {
  /** Scattering vector in 1/Å. */
  readonly q: number;
  /** Lattice spacing in Å. */
  readonly d: number;
  /** Scattering angle in degrees. */
  readonly twoTheta: number;
  /** Azimuth in degrees, from the x axis towards the y axis. */
  readonly chi: number;
}

function multiply(a: Matrix, b: Matrix): Matrix {
  const cell = (i: 0 | 1 | 2, j: 0 | 1 | 2) => a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
  return [
    [cell(0, 0), cell(0, 1), cell(0, 2)],
    [cell(1, 0), cell(1, 1), cell(1, 2)],
    [cell(2, 0), cell(2, 1), cell(2, 2)],
  ];
}

/** Rotation from the detector's to the sample's frame: R3 · R2 · R1, the first two left-handed. */
function rotation(geometry: Geometry): Matrix {
  const [c1, s1] = [Math.cos(geometry.rot1), Math.sin(geometry.rot1)];
  const [c2, s2] = [Math.cos(geometry.rot2), Math.sin(geometry.rot2)];
  const [c3, s3] = [Math.cos(geometry.rot3), Math.sin(geometry.rot3)];
  const first: Matrix = [[1, 0, 0], [0, c1, s1], [0, -s1, c1]];
  const second: Matrix = [[c2, 0, -s2], [0, 1, 0], [s2, 0, c2]];
  const third: Matrix = [[c3, -s3, 0], [s3, c3, 0], [0, 0, 1]];
  return multiply(third, multiply(second, first));
}

export class DetectorGeometry {
  private readonly matrix: Matrix;
  /** Point of normal incidence in metres along y and x. */
  private readonly poni: readonly [number, number];

  constructor(readonly parameters: Geometry) {
    this.matrix = rotation(parameters);
    // The direct beam (0, 0, 1) in the detector's frame is the last row of the rotation.
    const [b1, b2, b3] = this.matrix[2];
    const { distance } = parameters;
    this.poni = [
      parameters.beam_center_y * parameters.pixel_size_y - (distance * b1) / b3,
      parameters.beam_center_x * parameters.pixel_size_x - (distance * b2) / b3,
    ];
  }

  /** Angles at a position in pixel edges (the centre of pixel i is i + 0.5). */
  at(x: number, y: number): PixelAngles {
    const { distance, pixel_size_x, pixel_size_y, wavelength } = this.parameters;
    const p1 = y * pixel_size_y - this.poni[0];
    const p2 = x * pixel_size_x - this.poni[1];
    const t = this.matrix.map((row) => row[0] * p1 + row[1] * p2 + row[2] * distance);
    const [t1 = 0, t2 = 0, t3 = 0] = t;
    const twoTheta = Math.atan2(Math.hypot(t1, t2), t3);
    const q = (4e-10 * Math.PI * Math.sin(twoTheta / 2)) / wavelength;
    return {
      q,
      d: q > 0 ? (2 * Math.PI) / q : Infinity,
      twoTheta: degrees(twoTheta),
      chi: degrees(Math.atan2(t1, t2)),
    };
  }

  /** The pixel position that sees scattering angle `twoTheta` and azimuth `chi` (radians); null when none does. */
  project(twoTheta: number, chi: number): [number, number] | null {
    const { distance, pixel_size_x, pixel_size_y } = this.parameters;
    const sine = Math.sin(twoTheta);
    const direction: Row = [sine * Math.sin(chi), sine * Math.cos(chi), Math.cos(twoTheta)];
    const [r1, r2, r3] = this.matrix;
    // Back into the detector's frame by the transposed rotation.
    const back = (column: 0 | 1 | 2) =>
      r1[column] * direction[0] + r2[column] * direction[1] + r3[column] * direction[2];
    const along = back(2);
    if (along <= 1e-9) return null;
    const x = ((back(1) / along) * distance + this.poni[1]) / pixel_size_x;
    const y = ((back(0) / along) * distance + this.poni[0]) / pixel_size_y;
    return [x, y];
  }

  /** Points of the ring of lattice spacing `d` (Å) in pixels; null where the detector plane is not met. */
  ring(d: number, steps = 180): ([number, number] | null)[] {
    const sine = (this.parameters.wavelength * 1e10) / (2 * d);
    if (!(sine > 0 && sine < 1)) return [];
    const twoTheta = 2 * Math.asin(sine);
    return Array.from({ length: steps + 1 }, (_, i) => this.project(twoTheta, (2 * Math.PI * i) / steps));
  }
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}
