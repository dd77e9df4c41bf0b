// @vitest-environment jsdom
import { renderHook, waitFor } from '@testing-library/react';
import { expect, it, vi } from 'vitest';

import type { UploadOut } from '@/api/types';

import { addFiles, useTransfers } from './store';

/** A server that registers a batch when its last file is complete, as ours does. */
const server = vi.hoisted(() => ({ names: [] as string[], complete: 0 }));

function upload(name: string): UploadOut {
  const all = server.complete === server.names.length;
  return { id: name, name, size: 0, offset: 0, state: 'complete', detail: null, datasets: all ? [`ds-${name}`] : [], quarantine: [] };
}

vi.mock('./transfer', () => ({
  begin: ({ name }: File) => {
    server.names.push(name);
    return Promise.resolve({ ...upload(name), datasets: [] });
  },
  send: () => Promise.resolve(),
  complete: (name: string) => {
    server.complete += 1;
    return Promise.resolve(upload(name));
  },
  show: (name: string) => Promise.resolve(upload(name)),
  forget: () => undefined,
  batchOf: () => null,
}));

it('says of every file of a batch what it became', async () => {
  const { result } = renderHook(() => useTransfers());
  addFiles([new File([], 'master'), new File([], 'data')], null, true);
  await waitFor(() =>
    expect(result.current.map(({ stage, answer }) => [stage, answer?.datasets])).toEqual([
      ['done', ['ds-master']],
      ['done', ['ds-data']],
    ]),
  );
});
