import { afterEach, describe, expect, it, vi } from 'vitest';

import type { UploadOut } from '@/api/types';

import { checksum, send } from './transfer';

const upload = (offset: number): UploadOut => ({ id: 'u', name: 'a', size: 0, offset, state: 'receiving', detail: null, datasets: [], quarantine: [] });

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('computes SHA-256 in hexadecimal', async () => {
  const blob = { size: 3, arrayBuffer: () => Promise.resolve(new TextEncoder().encode('abc').buffer) } as Blob;
  expect(await checksum(blob)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

describe('sending', () => {
  /** A server that keeps what it gets and breaks the connection once in the middle of a piece. */
  function server(size: number, breakAt: number) {
    let received = 0;
    let broken = false;
    const offsets: number[] = [];
    vi.stubGlobal('fetch', (input: Request | string, init?: RequestInit) => {
      const method = input instanceof Request ? input.method : (init?.method ?? 'GET');
      if (method === 'PATCH') {
        const offset = Number(new Headers(init?.headers).get('Upload-Offset'));
        offsets.push(offset);
        const length = (init?.body as Blob).size;
        if (!broken && received + length > breakAt) {
          broken = true;
          received = breakAt;
          return Promise.reject(new TypeError('connection lost'));
        }
        expect(offset).toBe(received);
        received += length;
      }
      return Promise.resolve(Response.json({ ...upload(received), size }));
    });
    return { offsets, received: () => received };
  }

  it('goes on where the server stopped, nothing twice', async () => {
    vi.useFakeTimers();
    const size = 20 * 1024 * 1024;
    const remote = server(size, 10_000_000);
    const seen: number[] = [];
    const done = send(new Blob([new Uint8Array(size)]), upload(0), new AbortController().signal, (offset) => seen.push(offset));
    await vi.runAllTimersAsync();
    await done;
    expect(remote.received()).toBe(size);
    expect(remote.offsets).toContain(10_000_000);
    expect(seen.at(-1)).toBe(size);
  });

  it('starts at what was sent before', async () => {
    const remote = server(100, Infinity);
    vi.stubGlobal('fetch', (_: string, init?: RequestInit) => {
      expect(new Headers(init?.headers).get('Upload-Offset')).toBe('60');
      expect((init?.body as Blob).size).toBe(40);
      return Promise.resolve(Response.json(upload(100)));
    });
    await send(new Blob([new Uint8Array(100)]), upload(60), new AbortController().signal, () => undefined);
    expect(remote.offsets).toEqual([]);
  });
});
