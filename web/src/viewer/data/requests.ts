/** Addresses of the array endpoints, and answers as typed arrays or problems with a remedy. */

import { decode } from '../core/dtype';
import type { NumericArray } from '../core/numbers';
import { CODECS, mediaType, type Codec } from '../decode/slot';
import type { Problem } from './types';

/** The `status` of a request that nothing answered. */
export const UNREACHABLE = -1;

/** An answer that is not data: says what happened and what to do next. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    message: string,
    readonly remedy: string | null,
    readonly status: number,
    readonly requestId: string,
  ) {
    super(message);
  }
}

export interface ReceivedArray {
  readonly values: NumericArray;
  readonly shape: number[];
  readonly dtype: string;
}

export type ExportFormat = 'npy' | 'csv' | 'tiff' | 'json';

type Query = Record<string, string | number | null | undefined>;

function endpoint(pid: string, name: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) search.set(key, String(value));
  }
  return `/api/v1/datasets/${encodeURIComponent(pid)}/${name}?${search.toString()}`;
}

/** With `version` the browser keeps the answer, where that version is finished. */
export function binaryUrl(pid: string, path: string, selection: string | null, version?: number): string {
  return endpoint(pid, 'data', { path, selection, format: 'bin', dtype: 'safe', version });
}

/** Values of any size, sent while they are read; a broken transfer goes on where it ended. */
export function largeExportUrl(pid: string, path: string, selection: string | null): string {
  return endpoint(pid, 'export', { path, selection, format: 'npy' });
}

export function exportUrl(pid: string, path: string, selection: string | null, format: ExportFormat): string {
  return endpoint(pid, 'data', { path, selection, format });
}

export function previewUrl(pid: string, path: string, selection: string | null, maxSize: number): string {
  return endpoint(pid, 'preview', { path, selection, max_size: maxSize });
}

export function brickUrl(pid: string, query: Query): string {
  return endpoint(pid, 'brick', query);
}

export function throughUrl(pid: string, name: 'series' | 'profiles', query: Query): string {
  return endpoint(pid, name, query);
}

export function jsonUrl(
  pid: string,
  name: 'tree' | 'stats' | 'geometry' | 'pyramid',
  path: string,
  query: Query = {},
): string {
  return endpoint(pid, name, { path, ...query });
}

export function masksUrl(pid: string): string {
  return `/api/v1/datasets/${encodeURIComponent(pid)}/masks`;
}

async function problemOf(response: Response): Promise<RequestError> {
  const problem = (await response.json().catch(() => null)) as Partial<Problem> | null;
  const detail = problem?.detail ?? `The server answered ${response.status} ${response.statusText}.`;
  return new RequestError(
    typeof detail === 'string' ? detail : 'The request was not understood.',
    problem?.remedy ?? null,
    response.status,
    problem?.request_id ?? '',
  );
}

async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new RequestError('The server can’t be reached.', 'This is tried again every few seconds.', UNREACHABLE, '');
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

export async function requestJson<T>(url: string, signal: AbortSignal | null = null): Promise<T> {
  const response = await send(url, { signal, headers: { Accept: 'application/json' } });
  return (await response.json()) as T;
}

export async function postJson<T>(url: string, body: unknown): Promise<T> {
  const response = await send(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-PaNDAaS': '1' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

/** An answer as it came, to be decoded later: it is a tenth of the size of what it holds where it is stored so. */
export interface Payload {
  readonly bytes: ArrayBuffer;
  /** What the stored chunk went through; null for plain values. */
  readonly codec: Codec | null;
  readonly shape: number[];
  readonly dtype: string;
  /** From asking to the last byte, in milliseconds. */
  readonly took: number;
}

/** A frame that is stored as one chunk comes as it is stored where that is one of `codecs`, else as values. */
export async function requestPayload(
  url: string,
  signal: AbortSignal | null,
  codecs: readonly Codec[],
  priority: RequestPriority = 'auto',
): Promise<Payload> {
  const began = performance.now();
  const headers = { Accept: [...codecs.map(mediaType), '*/*'].join(', ') };
  const response = await send(url, { signal, headers, priority });
  const type = response.headers.get('Content-Type');
  const bytes = await response.arrayBuffer();
  return {
    bytes,
    codec: CODECS.find((codec) => mediaType(codec) === type) ?? null,
    shape: JSON.parse(response.headers.get('X-Shape') ?? '[]') as number[],
    dtype: response.headers.get('X-Dtype') ?? '<f4',
    took: performance.now() - began,
  };
}

/** Bytes of an answer as numbers; `X-Shape` and `X-Dtype` say what they are. */
export async function requestArray(url: string, signal: AbortSignal | null = null): Promise<ReceivedArray> {
  const { bytes, shape, dtype } = await requestPayload(url, signal, []);
  return { values: decode(bytes, dtype), shape, dtype };
}

/** Some of the frames that were asked for: `next` says how many. */
export async function requestPart(url: string, signal: AbortSignal): Promise<ReceivedArray & { readonly next: number }> {
  const response = await send(url, { signal });
  const dtype = response.headers.get('X-Dtype') ?? '<f8';
  const shape = JSON.parse(response.headers.get('X-Shape') ?? '[]') as number[];
  const next = Number(response.headers.get('X-Next') ?? 0);
  return { values: decode(await response.arrayBuffer(), dtype), shape, dtype, next };
}

/** Text of an error for people: what happened, and the remedy where there is one. */
export function describeError(error: unknown): { what: string; remedy: string | null; requestId: string } {
  if (error instanceof RequestError) return { what: error.message, remedy: error.remedy, requestId: error.requestId };
  return { what: error instanceof Error ? error.message : String(error), remedy: null, requestId: '' };
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
