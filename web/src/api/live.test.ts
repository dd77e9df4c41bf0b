// @vitest-environment jsdom
import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Live, staleKeys } from './live';

class FakeSource {
  static all: FakeSource[] = [];
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  private readonly listeners = new Map<string, (event: { data: string }) => void>();

  constructor(readonly url: string) {
    FakeSource.all.push(this);
  }

  addEventListener(kind: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(kind, listener);
  }

  close(): void {
    this.closed = true;
  }

  say(kind: string, subject: string): void {
    this.listeners.get(kind)?.({ data: JSON.stringify({ subject, payload: {} }) });
  }
}

class FakeChannel {
  static all: FakeChannel[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor() {
    FakeChannel.all.push(this);
  }

  postMessage(data: unknown): void {
    for (const other of FakeChannel.all) if (other !== this) other.onmessage?.({ data });
  }
}

function source(): FakeSource {
  const last = FakeSource.all.at(-1);
  if (!last) throw new Error('No stream was opened.');
  return last;
}

describe('the event stream', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    FakeSource.all = [];
    FakeChannel.all = [];
    vi.stubGlobal('EventSource', FakeSource);
    vi.stubGlobal('BroadcastChannel', FakeChannel);
    // The first to ask gets the lock and keeps it.
    let held = false;
    const request = (_: string, lead: () => Promise<unknown>) => {
      if (held) return new Promise(() => undefined);
      held = true;
      return lead();
    };
    Object.defineProperty(navigator, 'locks', { configurable: true, value: { request } });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is opened once however many tabs there are, and every tab hears it', () => {
    const queries = [new QueryClient(), new QueryClient()];
    const marked = queries.map((client) => vi.spyOn(client, 'invalidateQueries').mockResolvedValue());
    const tabs = queries.map((client) => new Live(client));
    expect(FakeSource.all).toHaveLength(1);
    source().onopen?.();
    source().say('job.state', 'job-1');
    vi.advanceTimersByTime(300);
    for (const spy of marked) expect(spy).toHaveBeenCalledWith({ queryKey: ['job', 'job-1'] });
    expect(tabs.map((tab) => tab.state())).toEqual(['live', 'live']);
  });

  it('gathers a burst of events into one round of questions', () => {
    const client = new QueryClient();
    const spy = vi.spyOn(client, 'invalidateQueries').mockResolvedValue();
    new Live(client);
    for (let i = 0; i < 50; i += 1) source().say('job.progress', 'job-1');
    vi.advanceTimersByTime(300);
    expect(spy).toHaveBeenCalledTimes(2);
  });

  it('tells that it is cut off, tries again, and then takes everything as out of date', () => {
    const client = new QueryClient();
    const spy = vi.spyOn(client, 'invalidateQueries').mockResolvedValue();
    const live = new Live(client);
    source().onopen?.();
    source().onerror?.();
    expect(live.state()).toBe('reconnecting');
    vi.advanceTimersByTime(1000);
    expect(FakeSource.all).toHaveLength(2);
    expect(FakeSource.all[0]?.closed).toBe(true);
    source().onopen?.();
    expect(live.state()).toBe('live');
    expect(spy).toHaveBeenCalledWith();
  });

  it('is tried at once when a person asks for it, also from another tab, and only when it is lost', () => {
    const live = new Live(new QueryClient());
    const other = new Live(new QueryClient());
    source().onopen?.();
    live.retry();
    expect(FakeSource.all).toHaveLength(1);
    for (let i = 0; i < 5; i += 1) {
      source().onerror?.();
      vi.advanceTimersByTime(20_000);
    }
    source().onerror?.();
    const tried = FakeSource.all.length;
    other.retry();
    expect(FakeSource.all).toHaveLength(tried + 1);
    source().onopen?.();
    expect([live.state(), other.state()]).toEqual(['live', 'live']);
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.all).toHaveLength(tried + 1);
  });

  it('is asked for anew when somebody else signs in, also from another tab', () => {
    const client = new QueryClient();
    const spy = vi.spyOn(client, 'resetQueries').mockResolvedValue();
    new Live(client);
    const other = new Live(new QueryClient());
    other.restart();
    expect(FakeSource.all).toHaveLength(2);
    expect(spy).toHaveBeenCalled();
  });
});

it('marks the lists and the thing itself', () => {
  expect(staleKeys({ kind: 'dataset.changed', subject: 'ds-1', payload: {} })).toContainEqual(['dataset', 'ds-1']);
  expect(staleKeys({ kind: 'resync', subject: '', payload: {} })).toEqual([[]]);
  expect(staleKeys({ kind: 'unheard.of', subject: '', payload: {} })).toEqual([]);
});
