// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { UploadOut } from '@/api/types';

import { batchOf, begin, checksum, forget, send } from './transfer';

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

describe('after a reload', () => {
  const files = ['master', 'data'].map((name) => new File(['abc'], name, { lastModified: 1 }));

  /** A server that remembers what was begun; `state` is what it says of each upload. */
  function server(state: string) {
    const started: string[] = [];
    vi.stubGlobal('fetch', (input: Request) => {
      if (input.method === 'POST') started.push(String(started.length));
      const id = input.method === 'POST' ? (started.at(-1) ?? '') : (input.url.split('/').at(-1) ?? '');
      return Promise.resolve(Response.json({ ...upload(1), id, size: 3, state }));
    });
    return started;
  }

  beforeEach(() => {
    localStorage.clear();
    vi.stubGlobal('crypto', {}); // jsdom's files can't be read for a checksum
  });

  it('goes on with the files of a batch in the same batch', async () => {
    const started = server('receiving');
    for (const file of files) await begin(file, { proposal: null, batch: 'b1' });
    expect(batchOf(files, null)).toBe('b1');
    const again = await Promise.all(files.map((file) => begin(file, { proposal: null, batch: 'b1' })));
    expect(again.map(({ id }) => id)).toEqual(['0', '1']);
    expect(started).toHaveLength(2);
  });

  it('goes on with a batch of which a file is complete and waits for the others', async () => {
    server('complete');
    const [file] = files as [File];
    await begin(file, { proposal: null, batch: 'b1' });
    expect((await begin(file, { proposal: null, batch: 'b1' })).id).toBe('0');
    expect((await begin(file, { proposal: null, batch: null })).id).toBe('1');
  });

  it.each([
    ['other files', () => batchOf([...files, new File(['x'], 'more')], null)],
    ['another proposal', () => batchOf(files, 'SC-1')],
  ])('begins anew with %s', async (_, batch) => {
    server('receiving');
    for (const file of files) await begin(file, { proposal: null, batch: 'b1' });
    expect(batch()).toBeNull();
  });

  it('begins anew once it is done, or where the memory is no longer understood', async () => {
    server('receiving');
    const [file] = files as [File];
    await begin(file, { proposal: null, batch: null });
    forget(file, { proposal: null, batch: null });
    expect((await begin(file, { proposal: null, batch: null })).id).toBe('1');
    for (const key of Object.keys(localStorage)) localStorage.setItem(key, 'up-old');
    expect((await begin(file, { proposal: null, batch: null })).id).toBe('2');
  });
});
