/**
 * The one way to the server: typed by the OpenAPI document, same origin, cookie sign-in.
 *
 * Every failure is thrown as `ApiError`; callers never look at status codes of plain responses.
 */
import createClient, { type Middleware } from 'openapi-fetch';

import { problemOf, unreachable } from './errors';
import type { paths } from './schema';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Unsafe requests carry this header, which no foreign page can set. */
export const UNSAFE_HEADERS = { 'X-PaNDAaS': '1' } as const;

const guard: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method)) request.headers.set('X-PaNDAaS', '1');
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
    return response;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error;
    return unreachable();
  },
};

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: (request) => window.fetch(request) });
api.use(guard);

/** The body of an answer; `guard` has thrown already when there is none. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  return data as T;
}

/** For what is not JSON: arrays, logs, uploads. Path below the origin, e.g. `/api/v1/jobs/…/log`. */
export async function fetchRaw(path: string, init: RequestInit = {}): Promise<Response> {
  const method = init.method ?? 'GET';
  const headers = new Headers(init.headers);
  if (!SAFE.has(method)) headers.set('X-PaNDAaS', '1');
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}
