import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useSyncExternalStore } from 'react';

export interface Present {
  who: string;
  name: string;
  may: 'view' | 'full';
  role: 'owner' | 'member' | 'staff' | 'guest';
  inside: boolean;
}

export interface Pointer {
  who: string;
  x: number;
  y: number;
}

type Told =
  | { type: 'you'; who: string }
  | { type: 'people'; people: Present[] }
  | { type: 'pointer'; who: string; at: [number, number] | null }
  | { type: 'chat' }
  | { type: 'pong'; ping: number };

const POINT_MS = 40;
const PING_MS = 5000;
const WAITS_MS = [1000, 2000, 5000, 10_000];

/** The websocket beside a session: who is here, where they point, how long a message takes there and back. */
export class Company {
  you = '';
  people: readonly Present[] = [];
  pointers: readonly Pointer[] = [];
  delay: number | null = null;
  answers = 0;
  private readonly listeners = new Set<() => void>();
  private socket: WebSocket | null = null;
  private timer: number | undefined;
  private pings: number | undefined;
  private pending: string | null = null;
  private sending: number | undefined;
  private attempt = 0;
  private closed = false;

  constructor(
    private readonly at: string,
    private readonly onChat: () => void,
  ) {}

  start(): void {
    this.closed = false;
    this.open();
    this.pings = window.setInterval(() => this.send(JSON.stringify({ ping: Math.round(performance.now()) % 16_000 })), PING_MS);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Show the others where the mouse is, in pixels of the screen; null where it has left. */
  point(place: { x: number; y: number } | null): void {
    this.pending = JSON.stringify(place ?? {});
    this.sending ??= window.setTimeout(() => {
      this.sending = undefined;
      if (this.pending !== null) this.send(this.pending);
      this.pending = null;
    }, POINT_MS);
  }

  close(): void {
    this.closed = true;
    window.clearTimeout(this.timer);
    window.clearTimeout(this.sending);
    window.clearInterval(this.pings);
    this.socket?.close();
  }

  private send(text: string): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  private open(): void {
    const socket = new WebSocket(`${window.location.origin.replace(/^http/u, 'ws')}${this.at}/company`);
    this.socket = socket;
    socket.onmessage = ({ data }: MessageEvent<string>) => this.hear(JSON.parse(data) as Told);
    socket.onopen = () => {
      this.attempt = 0;
    };
    socket.onclose = () => {
      if (this.closed) return;
      this.people = [];
      this.pointers = [];
      this.tell();
      this.timer = window.setTimeout(() => this.open(), WAITS_MS[Math.min(this.attempt, WAITS_MS.length - 1)]);
      this.attempt += 1;
    };
  }

  private hear(told: Told): void {
    if (told.type === 'you') this.you = told.who;
    else if (told.type === 'people') this.people = told.people;
    else if (told.type === 'pointer') {
      const others = this.pointers.filter(({ who }) => who !== told.who);
      this.pointers = told.at ? [...others, { who: told.who, x: told.at[0], y: told.at[1] }] : others;
    } else if (told.type === 'pong') {
      this.delay = (Math.round(performance.now()) % 16_000) - told.ping;
      this.answers += 1;
    } else this.onChat();
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** The company of one session, while the page shows it. */
export function useCompany(at: string, enabled: boolean): Company | null {
  const queries = useQueryClient();
  const company = useMemo(
    () => (enabled ? new Company(at, () => void queries.invalidateQueries({ queryKey: ['session-messages', at] })) : null),
    [at, enabled, queries],
  );
  useEffect(() => {
    company?.start();
    return () => company?.close();
  }, [company]);
  return company;
}

const NOTHING = () => () => undefined;
const NOBODY: readonly Present[] = [];
const NOWHERE: readonly Pointer[] = [];

export function usePeople(company: Company | null): readonly Present[] {
  return useSyncExternalStore(company?.subscribe ?? NOTHING, () => company?.people ?? NOBODY);
}

export function usePointers(company: Company | null): readonly Pointer[] {
  return useSyncExternalStore(company?.subscribe ?? NOTHING, () => company?.pointers ?? NOWHERE);
}

export function useDelay(company: Company | null): number | null {
  return useSyncExternalStore(company?.subscribe ?? NOTHING, () => company?.delay ?? null);
}

/** How many messages were answered: with each, `delay` is new. */
export function useAnswers(company: Company | null): number {
  return useSyncExternalStore(company?.subscribe ?? NOTHING, () => company?.answers ?? 0);
}
