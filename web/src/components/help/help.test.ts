import { describe, expect, it } from 'vitest';

import { base64, fitted, prepared } from './picture';
import type { HelpDraft } from './queries';
import { chosen, keysOf } from './sending';

const DRAFT: HelpDraft = {
  about: 'silx view: lysozyme',
  session: 's-1',
  job: null,
  datasets: [{ pid: 'ds-1', title: 'lysozyme' }, { pid: 'ds-2', title: 'buffer' }],
  facts: [{ name: 'Program', value: 'silx view' }, { name: 'State', value: 'ready' }],
  log: 'line 1',
  instrument: 'BL1',
  told: ['Iris'],
};

describe('what is sent with a request', () => {
  it('is all that was shown, as long as nothing is unticked', () => {
    expect(chosen(DRAFT, new Set(keysOf(DRAFT)), 'line 1')).toEqual({ session: 's-1', job: null, datasets: ['ds-1', 'ds-2'], facts: DRAFT.facts, log: 'line 1' });
  });

  it('leaves out each part that is unticked', () => {
    for (const key of keysOf(DRAFT)) {
      const rest = keysOf(DRAFT).filter((one) => one !== key);
      const made = chosen(DRAFT, new Set(rest), 'line 1');
      const parts = [made.session, ...made.datasets, ...made.facts, made.log].filter((part) => part !== null);
      expect(parts).toHaveLength(rest.length);
    }
    expect(chosen(DRAFT, new Set(), 'line 1')).toEqual({ session: null, job: null, datasets: [], facts: [], log: null });
  });

  it('holds the log as it was changed, or none where it was emptied', () => {
    const all = new Set(keysOf(DRAFT));
    expect(chosen(DRAFT, all, 'changed').log).toBe('changed');
    expect(chosen(DRAFT, all, '  \n').log).toBeNull();
  });
});

describe('a picture', () => {
  it('is made smaller only where it is wider or higher than 2560 pixels', () => {
    expect(fitted(1920, 1080)).toEqual([1920, 1080]);
    expect(fitted(5120, 2880)).toEqual([2560, 1440]);
    expect(fitted(1, 10_000)).toEqual([1, 2560]);
  });

  it('is refused by its kind before anything reads it', async () => {
    await expect(prepared('a.svg', new Blob(['<svg/>'], { type: 'image/svg+xml' }))).rejects.toThrow('no picture that can be sent');
  });

  it('is sent in Base64, however long it is', () => {
    expect(base64(new Uint8Array([0, 255, 16]))).toBe('AP8Q');
    expect(base64(new Uint8Array(100_000))).toHaveLength(133_336);
  });
});
