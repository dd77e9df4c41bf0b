/**
 * Uploads of this tab. They go on while other pages are looked at; leaving the site asks first.
 */
import { useSyncExternalStore } from 'react';

import type { UploadOut } from '@/api/types';

import { batchOf, begin, complete, forget, send, show, type Destination } from './transfer';

export type Stage = 'waiting' | 'checking' | 'sending' | 'registering' | 'done' | 'failed' | 'stopped';

export interface Transfer {
  key: string;
  file: File;
  destination: Destination;
  stage: Stage;
  offset: number;
  error: Error | null;
  answer: UploadOut | null;
}

let transfers: readonly Transfer[] = [];
let serial = 0;
let working = false;
const listeners = new Set<() => void>();
const aborts = new Map<string, AbortController>();

function publish(next: readonly Transfer[]): void {
  transfers = next;
  for (const listener of listeners) listener();
}

function update(key: string, change: Partial<Transfer>): void {
  publish(transfers.map((item) => (item.key === key ? { ...item, ...change } : item)));
}

export function useTransfers(): readonly Transfer[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => transfers,
  );
}

export function isBusy(stage: Stage): boolean {
  return stage === 'waiting' || stage === 'checking' || stage === 'sending' || stage === 'registering';
}

/** Queues files; with `together` the server keeps them side by side, as files that name each other need. */
export function addFiles(files: readonly File[], proposal: string | null, together: boolean): void {
  const batch = together && files.length > 1 ? (batchOf(files, proposal) ?? crypto.randomUUID()) : null;
  const added = files.map((file): Transfer => {
    serial += 1;
    return { key: String(serial), file, destination: { proposal, batch }, stage: 'waiting', offset: 0, error: null, answer: null };
  });
  publish([...transfers, ...added]);
  void work();
}

export function stop(key: string): void {
  aborts.get(key)?.abort();
  update(key, { stage: 'stopped' });
}

export function resume(key: string): void {
  update(key, { stage: 'waiting', error: null });
  void work();
}

export function clearEnded(): void {
  publish(transfers.filter(({ stage }) => isBusy(stage)));
}

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** Works off the queue, a batch (or a single file) after the other. */
async function work(): Promise<void> {
  if (working) return;
  working = true;
  window.addEventListener('beforeunload', askBeforeLeaving);
  try {
    for (;;) {
      const first = transfers.find(({ stage }) => stage === 'waiting');
      if (!first) break;
      const { batch } = first.destination;
      const group = batch === null ? [first] : transfers.filter((item) => item.destination.batch === batch && item.stage === 'waiting');
      await workOff(group);
    }
  } finally {
    window.removeEventListener('beforeunload', askBeforeLeaving);
    working = false;
  }
}

/** All of a batch are announced before the first is completed, so that the server knows what to wait for. */
async function workOff(group: readonly Transfer[]): Promise<void> {
  const started: { transfer: Transfer; upload: UploadOut }[] = [];
  for (const transfer of group) {
    await step(transfer, 'checking', async () => {
      const upload = transfer.answer ?? (await begin(transfer.file, transfer.destination));
      update(transfer.key, { answer: upload });
      started.push({ transfer, upload });
    });
  }
  for (const { transfer, upload } of started) {
    await step(transfer, 'sending', async (signal) => {
      await send(transfer.file, upload, signal, (offset) => update(transfer.key, { offset }));
      update(transfer.key, { stage: 'registering' });
      const answer = await complete(upload.id);
      if (transfer.destination.batch === null) forget(transfer.file, transfer.destination);
      update(transfer.key, { stage: answer.state === 'failed' ? 'failed' : 'done', answer, offset: transfer.file.size });
    });
  }
  const { batch } = group[0]?.destination ?? { batch: null };
  if (batch !== null) await lookAgain(batch);
}

/**
 * The last file of a batch registers all of them: what the others became is known only now, and until then it can be gone on
 * with after a reload.
 */
async function lookAgain(batch: string): Promise<void> {
  const all = transfers.filter(({ destination }) => destination.batch === batch);
  if (all.every(({ stage }) => stage === 'done')) for (const { file, destination } of all) forget(file, destination);
  const waiting = transfers.filter(({ destination, stage, answer }) => destination.batch === batch && stage === 'done' && answer && !isSettled(answer));
  for (const { key, answer } of waiting) {
    const now = answer && (await show(answer.id).catch(() => null));
    if (now) update(key, { answer: now });
  }
}

function isSettled({ datasets, quarantine }: UploadOut): boolean {
  return datasets.length > 0 || quarantine.length > 0;
}

async function step(transfer: Transfer, stage: Stage, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (transfers.find(({ key }) => key === transfer.key)?.stage === 'stopped') return;
  const abort = new AbortController();
  aborts.set(transfer.key, abort);
  update(transfer.key, { stage });
  try {
    await run(abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) update(transfer.key, { stage: 'failed', error: error instanceof Error ? error : new Error('The upload failed.') });
  } finally {
    aborts.delete(transfer.key);
  }
}
