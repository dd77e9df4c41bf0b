import { expect, it } from 'vitest';

import { inLines } from './lines';

it('breaks a title between words, and shortens only what has no room in the last line', () => {
  expect(inLines('Azimuthal integration', 2)).toEqual(['Azimuthal integration']);
  expect(inLines('Fit of a small-angle scattering curve', 2)).toEqual(['Fit of a small-angle', 'scattering curve']);
  expect(inLines('Solution scattering of proteins and of whatever else is dissolved', 2)).toEqual(['Solution scattering of', 'proteins and of whatever…']);
  expect(inLines('Detector images of 2026-11-25', 1)).toEqual(['Detector images of 2026-1…']);
  expect(inLines('averyveryverylongnamewithoutspaces', 2)).toEqual(['averyveryverylongnamewith…']);
});
