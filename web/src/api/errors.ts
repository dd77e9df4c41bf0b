/** A request that the server refused or that never arrived, in the words of its problem details (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  remedy?: string | null;
  field?: string | null;
  request_id: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'ApiError';
    this.status = problem.status;
    this.problem = problem;
  }

  get remedy(): string | null {
    return this.problem.remedy ?? null;
  }

  /** The input at fault, as the form names it: `parameters.npt` and `body.npt` are both `npt`. */
  get field(): string | null {
    return this.problem.field?.replace(/^(body|parameters)\./u, '').replace(/^parameters\./u, '') ?? null;
  }
}

/** Status 0: the request did not reach the server. */
export function unreachable(): ApiError {
  return new ApiError({
    type: 'urn:pandaas:unreachable',
    title: 'No connection',
    status: 0,
    detail: 'The server did not answer.',
    remedy: 'Check your network. This page tries again by itself as soon as the server answers.',
    request_id: '',
  });
}

export async function problemOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('X-Request-Id') ?? '';
  const fallback: Problem = {
    type: 'about:blank',
    title: response.statusText || 'Request failed',
    status: response.status,
    detail: `The server answered ${String(response.status)} ${response.statusText}`.trim() + '.',
    request_id: requestId,
  };
  const body: unknown = await response.json().catch(() => null);
  if (typeof body !== 'object' || body === null) return new ApiError(fallback);
  return new ApiError({ ...fallback, ...(body as Partial<Problem>) });
}
