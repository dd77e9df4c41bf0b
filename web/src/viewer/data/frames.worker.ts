/** The worker around `FrameStore`: one request in, one reply out, aborts by id. */

import { decoder } from '../decode/bitshuffle';
import { FrameStore } from './frameStore';
import type { Reply, Request, Verb, Verbs } from './frameProtocol';
import { describeError, isAbort, requestArray, RequestError } from './requests';

const store = new FrameStore(async (url, signal) => requestArray(url, signal, await decoder()));
const running = new Map<number, AbortController>();

function perform(request: Exclude<Request, { verb: 'abort' }>, signal: AbortSignal): Promise<Verbs[Verb]['answer']> {
  switch (request.verb) {
    case 'render': {
      const { source, rules, block, factor } = request.ask;
      return store.render(source, rules, block, factor, signal);
    }
    case 'describe': {
      const { source, rules, block, log } = request.ask;
      return store.describe(source, rules, block, log, signal);
    }
    case 'value':
      return store.value(request.ask.source, request.ask.row, request.ask.column, signal);
    case 'profile': {
      const { source, rules, segment, width } = request.ask;
      return store.profile(source, rules, segment, width, signal);
    }
    case 'threshold': {
      const { source, rules, low, high } = request.ask;
      return store.threshold(source, rules, low, high, signal);
    }
    case 'prefetch':
      return store.frame(request.ask.source, signal).then(() => null);
  }
}

function post(reply: Reply): void {
  const answer = 'answer' in reply ? reply.answer : null;
  const pixels = answer !== null && typeof answer === 'object' && 'frameRows' in answer ? [answer.values.buffer] : [];
  self.postMessage(reply, { transfer: pixels });
}

self.addEventListener('message', (event: MessageEvent<Request>) => {
  const request = event.data;
  if (request.verb === 'abort') {
    running.get(request.id)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(request.id, controller);
  perform(request, controller.signal)
    .then(
      (result) => post({ id: request.id, answer: result }),
      (error: unknown) =>
        post({
          id: request.id,
          error: {
            ...describeError(error),
            status: error instanceof RequestError ? error.status : 0,
            aborted: isAbort(error),
          },
        }),
    )
    .finally(() => running.delete(request.id));
});
