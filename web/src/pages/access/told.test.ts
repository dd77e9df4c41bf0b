import { expect, test } from 'vitest';

import { told } from './told';

test('an edit names its fields, a share its end', () => {
  expect(told({ kind: 'dataset.edited', detail: { changes: ['title', 'photon_energy'] } })).toBe('edited: title, photon energy');
  expect(told({ kind: 'share.created', detail: { expires: '2027-01-02T00:00:00+00:00' } })).toMatch(/^gave access until .*2027/u);
  expect(told({ kind: 'share.created', detail: { expires: null } })).toBe('gave access');
});

test('reads are counted by their door', () => {
  expect(told({ kind: 'data.read', detail: { door: 'download', requests: 1, bytes: 0 } })).toMatch(/^downloaded: 1 request, /u);
});

test('a kind without words of its own is told as it is called', () => {
  expect(told({ kind: 'view_as.started', detail: {} })).toBe('view as started');
});

test('a change of state says which', () => {
  expect(told({ kind: 'job.state', detail: { state: 'succeeded' } })).toBe('job state: succeeded');
});
