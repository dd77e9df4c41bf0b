import { expect, test } from 'vitest';

import { lookOf, verifiedText } from './looks';

test('what fails its check is broken although it is built', () => {
  const health = { works: false, checked: '', import_s: null, detail: 'no module' };
  expect(lookOf({ state: 'ready', health }).word).toBe('Broken');
  expect(lookOf({ state: 'ready', health: null }).word).toBe('Installed');
});

test('what can be built and what must be installed are told apart', () => {
  expect([lookOf({ state: 'missing', health: null }).word, lookOf({ state: 'absent', health: null }).word]).toEqual(['Not built yet', 'Not installed here']);
});

test('a program that was never run says so', () => {
  expect(verifiedText('')).toBe('Not verified against the real program');
  expect(verifiedText('6.11')).toBe('Verified with version 6.11');
  expect(verifiedText(null)).toBeNull();
});
