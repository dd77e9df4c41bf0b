/** One file on its way: checksum, start or resume, pieces, completion. */
import { api, body, fetchRaw } from '@/api/client';
import { ApiError } from '@/api/errors';
import type { UploadOut } from '@/api/types';

/** Larger files are compared by the server only, since the browser would need all of them in memory. */
export const HASH_LIMIT = 512e6;
const PIECE = 8 * 1024 * 1024;
const RETRIES_MS = [500, 1500, 4000, 10_000];

export interface Destination {
  proposal: string | null;
  batch: string | null;
}

/** SHA-256 in hexadecimal, or null where the browser offers none or the file is too large. */
export async function checksum(file: Blob): Promise<string | null> {
  if (file.size >= HASH_LIMIT || !('subtle' in crypto)) return null;
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface Remembered {
  id: string;
  batch: string | null;
}

/** Starts an upload, or finds the one that this browser began for the same file and destination. */
export async function begin(file: File, destination: Destination): Promise<UploadOut> {
  const known = remembered(file, destination.proposal);
  if (known?.batch === destination.batch) {
    const upload = await show(known.id).catch(() => null);
    if (upload?.size === file.size && goesOn(upload, destination)) return upload;
  }
  forget(file, destination);
  const { proposal, batch } = destination;
  const started = await body(
    api.POST('/api/v1/uploads', {
      body: { name: file.name, size: file.size, sha256: await checksum(file), ...(proposal && { proposal }), ...(batch && { batch }) },
    }),
  );
  localStorage.setItem(memoryKey(file, proposal), JSON.stringify({ id: started.id, batch } satisfies Remembered));
  return started;
}

/** A file of a batch that is complete waits there for the others. */
function goesOn({ state, datasets, quarantine }: UploadOut, { batch }: Destination): boolean {
  return state === 'receiving' || (batch !== null && state === 'complete' && datasets.length === 0 && quarantine.length === 0);
}

/** The batch in which this browser began just these files; null where it did not. */
export function batchOf(files: readonly File[], proposal: string | null): string | null {
  const batches = new Set(files.map((file) => remembered(file, proposal)?.batch ?? null));
  return batches.size === 1 ? ([...batches][0] ?? null) : null;
}

export function forget(file: File, { proposal }: Destination): void {
  localStorage.removeItem(memoryKey(file, proposal));
}

function remembered(file: File, proposal: string | null): Remembered | null {
  try {
    const found = JSON.parse(localStorage.getItem(memoryKey(file, proposal)) ?? 'null') as Partial<Remembered> | null;
    return typeof found?.id === 'string' ? { id: found.id, batch: found.batch ?? null } : null;
  } catch {
    return null;
  }
}

function memoryKey(file: File, proposal: string | null): string {
  return `pandaas-upload:${proposal ?? ''}:${file.name}:${String(file.size)}:${String(file.lastModified)}`;
}

export function show(id: string): Promise<UploadOut> {
  return body(api.GET('/api/v1/uploads/{upload_id}', { params: { path: { upload_id: id } } }));
}

/** Sends what the server has not got, piece by piece; after a broken connection it asks where to go on. */
export async function send(file: Blob, upload: UploadOut, signal: AbortSignal, onOffset: (offset: number) => void): Promise<void> {
  let { offset } = upload;
  let failures = 0;
  onOffset(offset);
  while (offset < file.size) {
    try {
      offset = (await append(upload.id, offset, file.slice(offset, offset + PIECE), signal)).offset;
      failures = 0;
    } catch (error) {
      const wait = RETRIES_MS[failures];
      if (signal.aborted || !passing(error) || wait === undefined) throw error;
      failures += 1;
      await new Promise((done) => window.setTimeout(done, wait));
      offset = (await show(upload.id).catch(() => ({ offset }))).offset;
    }
    onOffset(offset);
  }
}

/** No answer, the wrong place, or a busy server: worth another try. */
function passing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 409 || error.status === 429 || error.status >= 502);
}

async function append(id: string, offset: number, piece: Blob, signal: AbortSignal): Promise<UploadOut> {
  const response = await fetchRaw(`/api/v1/uploads/${encodeURIComponent(id)}`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/octet-stream', 'Upload-Offset': String(offset) },
    body: piece,
    signal,
  });
  return (await response.json()) as UploadOut;
}

export function complete(id: string): Promise<UploadOut> {
  return body(api.POST('/api/v1/uploads/{upload_id}/complete', { params: { path: { upload_id: id } } }));
}
