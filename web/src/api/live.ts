/**
 * The event stream: one connection per browser, shared by all its tabs.
 *
 * The tab that holds the lock `pandaas-events` is the leader: it keeps the `EventSource` and repeats every event on a
 * `BroadcastChannel`. When it closes, the lock passes to another tab. Each tab only marks its own queries as out of
 * date, so that nothing is copied from the server by hand.
 */
import type { QueryClient } from '@tanstack/react-query';

export type LiveState = 'connecting' | 'live' | 'reconnecting';

export interface LiveEvent {
  kind: string;
  subject: string;
  payload: Record<string, unknown>;
}

type Message = { type: 'event'; event: LiveEvent } | { type: 'state'; state: LiveState } | { type: 'ask' | 'restart' | 'retry' };

const KINDS = [
  'dataset.registered',
  'dataset.changed',
  'dataset.removed',
  'job.created',
  'job.state',
  'job.progress',
  'chain.run',
  'session.created',
  'session.state',
  'session.changed',
  'session.announced',
  'session.time_asked',
  'session.shared',
  'session.unshared',
  'session.joined',
  'session.visited',
  'session.asked',
  'session.admitted',
  'session.refused',
  'session.control',
  'session.staff_left',
  'notice.created',
  'quarantine.changed',
  'environment.state',
  'logbook.changed',
  'help.asked',
  'help.answered',
  'help.written',
  'help.assigned',
  'help.closed',
  'help.reopened',
  'help.shared',
  'session.expired',
  'resync',
] as const;

const RETRY_MS = [1000, 2000, 5000, 10_000, 20_000];

const OF_SHARING = (session: string) => [['sessions'], ['work-session', session], ['session-sharing', session], ['session-watchers']];

/** Keys of the queries that an event makes out of date. */
export function staleKeys({ kind, subject, payload }: LiveEvent): readonly (readonly string[])[] {
  switch (kind) {
    case 'dataset.registered':
    case 'dataset.removed':
      return [['home'], ['search'], ['proposals'], ['dataset', subject], ['instruments']];
    case 'dataset.changed':
      return [['dataset', subject], ['search'], ['home']];
    case 'job.created':
      return [['jobs'], ['home'], ['instruments']];
    case 'job.state':
      return [['jobs'], ['job', subject], ['home'], ['instruments'], ['operator']];
    case 'job.progress':
      return [['jobs'], ['job', subject]];
    case 'chain.run':
      return [['chain-runs'], ['instruments']];
    case 'session.created':
    case 'session.state':
    case 'session.changed':
      return payload.shared === true ? OF_SHARING(subject) : [['sessions'], ['work-session', subject]];
    case 'session.announced':
      return [['sessions'], ['work-session', subject]];
    case 'session.time_asked':
      return [['sessions'], ['work-session', subject], ['session-time-requests']];
    case 'session.shared':
    case 'session.unshared':
    case 'session.joined':
    case 'session.visited':
    case 'session.asked':
    case 'session.admitted':
    case 'session.refused':
    case 'session.control':
    case 'session.staff_left':
      return OF_SHARING(subject);
    case 'notice.created':
      return [['notices'], ['home']];
    case 'quarantine.changed':
      return [['quarantine'], ['instruments'], ['operator']];
    case 'environment.state':
      return [['operator'], ['recipes'], ['offers']];
    case 'help.asked':
    case 'help.answered':
    case 'help.written':
    case 'help.assigned':
    case 'help.closed':
    case 'help.reopened':
    case 'help.shared':
      return [['help-requests'], ['help-request', subject], ['help-unread']];
    case 'logbook.changed':
      return [['logbook']];
    case 'session.expired':
      return [['session']];
    case 'resync': // Events were missed: everything may have changed.
      return [[]];
    default:
      return [];
  }
}

export class Live {
  private readonly channel = new BroadcastChannel('pandaas-live');
  private readonly listeners = new Set<() => void>();
  private readonly eventListeners = new Set<(event: LiveEvent) => void>();
  private readonly pending = new Map<string, readonly string[]>();
  private timer: number | null = null;
  private source: EventSource | null = null;
  private attempt = 0;
  private current: LiveState = 'connecting';

  constructor(private readonly queries: QueryClient) {
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.hear(data);
    this.post({ type: 'ask' });
    if ('locks' in navigator) void navigator.locks.request('pandaas-events', () => this.lead());
    else void this.lead(); // Not a secure context: every tab has its own stream.
  }

  readonly state = (): LiveState => this.current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly onEvent = (listener: (event: LiveEvent) => void): (() => void) => {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  };

  /** After sign-in or sign-out the stream must be asked for as someone else, and all tabs forget what they show. */
  restart(): void {
    this.post({ type: 'restart' });
    if (this.source) this.connect();
  }

  /** Tries a lost connection at once instead of when its turn comes, from whichever tab. */
  retry(): void {
    if (!this.source) this.post({ type: 'retry' });
    else if (this.current === 'reconnecting') this.connect();
  }

  /** Holds the lock for as long as this tab lives. */
  private lead(): Promise<never> {
    this.connect();
    window.addEventListener('online', () => this.connect());
    window.addEventListener('offline', () => {
      this.attempt = Math.max(1, this.attempt);
      this.announce('reconnecting');
    });
    return new Promise<never>(() => undefined);
  }

  private connect(): void {
    this.source?.close();
    const source = new EventSource('/api/v1/events');
    this.source = source;
    source.onopen = () => {
      const gap = this.attempt > 0;
      this.attempt = 0;
      this.announce('live');
      if (gap) void this.queries.invalidateQueries();
    };
    source.onerror = () => {
      if (this.source !== source) return;
      this.announce('reconnecting');
      source.close();
      const wait = RETRY_MS[Math.min(this.attempt, RETRY_MS.length - 1)];
      this.attempt += 1;
      window.setTimeout(() => {
        if (this.source === source) this.connect();
      }, wait);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (message: MessageEvent<string>) => {
        const data = JSON.parse(message.data) as { subject?: string; payload?: Record<string, unknown> };
        const event = { kind, subject: data.subject ?? '', payload: data.payload ?? {} };
        this.post({ type: 'event', event });
        this.take(event);
      });
    }
  }

  private announce(state: LiveState): void {
    this.post({ type: 'state', state });
    this.setState(state);
  }

  private post(message: Message): void {
    this.channel.postMessage(message);
  }

  private hear(message: Message): void {
    if (message.type === 'event') this.take(message.event);
    else if (message.type === 'state') {
      const back = this.current === 'reconnecting' && message.state === 'live';
      this.setState(message.state);
      if (back) void this.queries.invalidateQueries();
    } else if (message.type === 'restart') {
      if (this.source) this.connect();
      void this.queries.resetQueries();
    } else if (message.type === 'retry') {
      if (this.source) this.retry();
    } else if (this.source) this.post({ type: 'state', state: this.current });
  }

  private setState(state: LiveState): void {
    if (this.current === state) return;
    this.current = state;
    for (const listener of this.listeners) listener();
  }

  /** Marks queries out of date, at most four times a second however many events arrive. */
  private take(event: LiveEvent): void {
    for (const listener of this.eventListeners) listener(event);
    for (const key of staleKeys(event)) this.pending.set(key.join('\n'), key);
    this.timer ??= window.setTimeout(() => {
      this.timer = null;
      const keys = [...this.pending.values()];
      this.pending.clear();
      for (const queryKey of keys) void this.queries.invalidateQueries({ queryKey });
    }, 250);
  }
}
