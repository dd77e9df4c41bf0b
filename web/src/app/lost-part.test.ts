// @vitest-environment jsdom
import { afterEach, expect, it, vi } from 'vitest';

import { isLostPart, nameLostParts, reloadIfServed } from './lost-part';

afterEach(() => {
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

it('knows a part that could not be fetched, in words that do not make the router reload the page', () => {
  nameLostParts();
  const payload = new TypeError('Failed to fetch dynamically imported module: /assets/JobsPage.js');
  expect(isLostPart(payload)).toBe(false);
  window.dispatchEvent(Object.assign(new Event('vite:preloadError'), { payload }));
  expect(isLostPart(payload)).toBe(true);
  expect(payload.message).not.toMatch(/^Failed to fetch/u);
});

it('leaves the page as it is while no server answers', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
  await reloadIfServed();
  expect(sessionStorage.getItem('pandaas-reloaded')).toBeNull();
});
