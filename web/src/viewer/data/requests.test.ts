import { afterEach, describe, expect, it, vi } from 'vitest';

import { CODECS, mediaType } from '../decode/slot';
import { requestArray, requestPayload } from './requests';

const answer = (type: string, bytes: number[]) =>
  new Response(Uint8Array.from(bytes), { headers: { 'Content-Type': type, 'X-Shape': '[1, 2]', 'X-Dtype': '<u2' } });
const accepted = (call: unknown[] | undefined) => new Headers((call?.[1] as RequestInit | undefined)?.headers).get('Accept');

afterEach(() => vi.unstubAllGlobals());

describe('requestPayload', () => {
  it.each(CODECS)('takes a frame as it is stored with %s', async (codec) => {
    const fetcher = vi.fn(() => Promise.resolve(answer(mediaType(codec), [9, 9])));
    vi.stubGlobal('fetch', fetcher);
    const found = await requestPayload('u', null, CODECS);
    expect(found).toMatchObject({ codec, shape: [1, 2], dtype: '<u2' });
    expect([...new Uint8Array(found.bytes)]).toEqual([9, 9]);
    expect(accepted(fetcher.mock.calls[0])).toBe(`${CODECS.map(mediaType).join(', ')}, */*`);
  });

  it('takes values where the server sends values', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(answer('application/octet-stream', [1, 0, 2, 0])));
    expect((await requestPayload('u', null, ['bitshuffle-lz4'])).codec).toBeNull();
  });
});

describe('requestArray', () => {
  it('asks for values only', async () => {
    const fetcher = vi.fn(() => Promise.resolve(answer('application/octet-stream', [1, 0, 2, 0])));
    vi.stubGlobal('fetch', fetcher);
    expect([...(await requestArray('u')).values]).toEqual([1, 2]);
    expect(accepted(fetcher.mock.calls[0])).toBe('*/*');
  });
});
