// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest';

import { api, body, fetchRaw } from './client';
import { ApiError } from './errors';

function answer(status: number, content: unknown, type = 'application/problem+json'): Response {
  return new Response(typeof content === 'string' ? content : JSON.stringify(content), { status, headers: { 'content-type': type, 'x-request-id': 'r-1' } });
}

afterEach(() => vi.unstubAllGlobals());

function serve(make: (request: Request) => Response | Promise<Response>) {
  const spy = vi.fn((input: RequestInfo | URL, init?: RequestInit) =>
    Promise.resolve(make(input instanceof Request ? input : new Request(new URL(String(input), window.location.origin), init))),
  );
  vi.stubGlobal('fetch', spy);
  return spy;
}

describe('requests', () => {
  it('carry the header that foreign pages cannot set when they change something, and only then', async () => {
    const seen: (string | null)[] = [];
    serve((request) => {
      seen.push(request.headers.get('X-PaNDAaS'));
      return answer(200, {}, 'application/json');
    });
    await body(api.GET('/api/v1/home'));
    await body(api.POST('/api/v1/session', { body: { user: 'a', password: 'b' } }));
    await fetchRaw('/api/v1/uploads/u', { method: 'PATCH' });
    expect(seen).toEqual([null, '1', '1']);
  });

  it('throw the problem in the server’s words', async () => {
    serve(() => answer(422, { type: 't', title: 'Invalid', status: 422, detail: 'npt is too small', field: 'parameters.npt', remedy: 'Enter 10 or more.', request_id: 'r' }));
    const error = await body(api.GET('/api/v1/home')).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, message: 'npt is too small', field: 'npt', remedy: 'Enter 10 or more.' });
  });

  it('make a problem of an answer that is none', async () => {
    serve(() => answer(502, '<html>', 'text/html'));
    await expect(fetchRaw('/x')).rejects.toMatchObject({ status: 502, problem: { request_id: 'r-1' } });
  });

  it('tell when nothing answered', async () => {
    serve(() => Promise.reject(new TypeError('failed')));
    await expect(body(api.GET('/api/v1/home'))).rejects.toMatchObject({ status: 0 });
  });
});
