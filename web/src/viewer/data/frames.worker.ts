/** The worker around `FrameStore`: one request in, one reply out, aborts by id. */

import { PlainSlot } from '../decode/plainSlot';
import type { Codec } from '../decode/slot';
import { WasmSlot, wasmSlots } from '../decode/wasmSlot';
import { FrameStore, type Fetcher } from './frameStore';
import type { Reply, Request, Verb, Verbs } from './frameProtocol';
import { describeError, isAbort, requestPayload, RequestError } from './requests';

const fetcherOf =
  (codecs: readonly Codec[]): Fetcher =>
  (url, signal, { stored, later }) =>
    requestPayload(url, signal, stored ? codecs : [], later ? 'low' : 'high');

const starting = wasmSlots().then(
  (makeSlot) => new FrameStore(fetcherOf(WasmSlot.codecs), makeSlot),
  () => new FrameStore(fetcherOf(PlainSlot.codecs), () => new PlainSlot()),
);
const running = new Map<number, AbortController>();

type Question = Exclude<Request, { verb: 'abort' | 'recycle' }>;

async function perform(request: Question, signal: AbortSignal): Promise<Verbs[Verb]['answer']> {
  const store = await starting;
  signal.throwIfAborted();
  switch (request.verb) {
    case 'render': {
      const { source, rules, block, factor } = request.ask;
      return store.render(source, rules, block, factor, signal);
    }
    case 'describe': {
      const { source, rules, block, log, limit } = request.ask;
      return store.describe(source, rules, block, log, signal, limit);
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
      return store.prefetch(request.ask.source, signal);
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
  if (request.verb === 'recycle') {
    const { pixels } = request;
    void starting.then((store) => store.recycle(pixels));
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
