/** The page's side of the frame worker. */

import type { Reply, Request, Verb, Verbs } from './frameProtocol';
import { RequestError } from './requests';

interface Pending {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
  readonly settled: () => void;
}

export class FrameClient {
  private readonly pending = new Map<number, Pending>();
  private next = 1;

  constructor(private readonly worker: Pick<Worker, 'postMessage' | 'addEventListener'>) {
    worker.addEventListener('message', (event: MessageEvent<Reply>) => this.receive(event.data));
    worker.addEventListener('error', () => this.fail('The viewer’s frame worker stopped.'));
  }

  /** Give pixels that are no longer shown back to the worker; nobody may look at them any more. */
  recycle(pixels: Float32Array): void {
    if (pixels.byteLength === 0) return;
    this.worker.postMessage({ verb: 'recycle', pixels } satisfies Request, [pixels.buffer]);
  }

  ask<V extends Verb>(verb: V, ask: Verbs[V]['ask'], signal?: AbortSignal): Promise<Verbs[V]['answer']> {
    if (signal?.aborted) return Promise.reject(abortError());
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const abort = () => this.abort(id);
      signal?.addEventListener('abort', abort, { once: true });
      this.pending.set(id, { resolve, reject, settled: () => signal?.removeEventListener('abort', abort) });
      this.worker.postMessage({ id, verb, ask });
    });
  }

  private abort(id: number): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    this.pending.delete(id);
    this.worker.postMessage({ id, verb: 'abort' } satisfies Request);
    pending.reject(abortError());
  }

  private receive(reply: Reply): void {
    const pending = this.pending.get(reply.id);
    if (!pending) return;
    this.pending.delete(reply.id);
    pending.settled();
    if ('answer' in reply) {
      pending.resolve(reply.answer as never);
      return;
    }
    const { what, remedy, requestId, status, aborted } = reply.error;
    pending.reject(aborted ? abortError() : new RequestError(what, remedy, status, requestId));
  }

  private fail(what: string): void {
    for (const { reject } of this.pending.values()) {
      reject(new RequestError(what, 'Reload the page.', 0, ''));
    }
    this.pending.clear();
  }
}

function abortError(): DOMException {
  return new DOMException('Not wanted any more', 'AbortError');
}

let shared: FrameClient | null = null;

/** One worker for the page, started when the first frame is wanted. */
export function frameClient(): FrameClient {
  shared ??= new FrameClient(
    new Worker(new URL('./frames.worker.ts', import.meta.url), { type: 'module', name: 'frames' }),
  );
  return shared;
}
