import { afterEach, describe, expect, it, vi } from 'vitest';

import { BrokenChunk, STORED_LZ4, type Decoder } from '../decode/bitshuffle';
import { requestArray } from './requests';

const answer = (type: string, bytes: number[]) =>
  new Response(Uint8Array.from(bytes), { headers: { 'Content-Type': type, 'X-Shape': '[1, 2]', 'X-Dtype': '<u2' } });
const decoderThat = (decode: Decoder['decode']) => ({ decode }) as unknown as Decoder;
const accepted = (call: unknown[] | undefined) => new Headers((call?.[1] as RequestInit | undefined)?.headers).get('Accept');

afterEach(() => vi.unstubAllGlobals());

describe('requestArray', () => {
  it('decodes a frame that comes as it is stored', async () => {
    const fetcher = vi.fn(() => Promise.resolve(answer(STORED_LZ4, [9, 9])));
    vi.stubGlobal('fetch', fetcher);
    const decode = vi.fn(() => Uint16Array.of(3, 4).buffer);
    const { values, shape } = await requestArray('u', null, decoderThat(decode));
    expect([...values, ...shape]).toEqual([3, 4, 1, 2]);
    expect(decode).toHaveBeenCalledWith(Uint8Array.of(9, 9), 4, 2);
    expect(accepted(fetcher.mock.calls[0])).toContain(STORED_LZ4);
  });

  it('takes values where the server sends values', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(answer('application/octet-stream', [1, 0, 2, 0])));
    const { values } = await requestArray('u', null, decoderThat(() => new ArrayBuffer(0)));
    expect([...values]).toEqual([1, 2]);
  });

  it('asks for values, and for nothing else, after a chunk that does not decode', async () => {
    const fetcher = vi
      .fn()
      .mockResolvedValueOnce(answer(STORED_LZ4, [9]))
      .mockResolvedValueOnce(answer('application/octet-stream', [5, 0, 6, 0]));
    vi.stubGlobal('fetch', fetcher);
    const broken = decoderThat(() => {
      throw new BrokenChunk('no');
    });
    expect([...(await requestArray('u', null, broken)).values]).toEqual([5, 6]);
    expect(accepted(fetcher.mock.calls[1])).toBeNull();
  });
});
