/**
 * The frame on show: an overview reduced to the screen, and a finer block where the user zoomed in. A small preview comes
 * first; on slow networks previews also stand in while frames are being slid through.
 */

import { useEffect, useMemo, useState } from 'react';

import type { ComplexPart } from '../core/complex';
import { parseDtype } from '../core/dtype';
import type { Block } from '../core/pool';
import { isTransposed, selectionText, type DimensionMapping } from '../core/selection';
import { frameClient } from '../data/frameClient';
import type { Cost, FrameSource, Rendered, RuleSource } from '../data/frameStore';
import { ahead, Prefetcher } from '../data/prefetch';
import { binaryUrl, previewUrl } from '../data/requests';
import type { ArraySource } from '../data/types';
import { useLatest, type Latest } from '../data/useLatest';
import { Feed } from './feed';

const PREVIEW_PIXELS = 512;
const PREVIEW_FROM_BYTES = 2e6;
const PREVIEW_AFTER_MS = 400;
const SLOW_MS = 300;
const SETTLED_MS = 250;
/** Frames fetched ahead in the direction of movement, as long as they are no more bytes than this. */
const AHEAD = 6;
const AHEAD_BYTES = 24e6;
/** Answers that take longer than this leave the line to the frame that is wanted. */
const PROMPT_MS = 100;

export interface FrameJob {
  readonly frame: FrameSource;
  readonly preview: string | null;
  readonly rules: RuleSource;
  readonly factor: number;
  readonly rows: number;
  readonly columns: number;
  readonly slice: readonly number[];
}

interface DetailJob {
  readonly frame: FrameSource;
  readonly rules: RuleSource;
  readonly block: Block;
  readonly factor: number;
}

export interface FramesInput {
  readonly source: ArraySource;
  readonly mapping: DimensionMapping;
  readonly slice: readonly number[];
  readonly part: ComplexPart | null;
  readonly rules: RuleSource;
  /** Pixels of the frame per pixel of the screen for the whole frame. */
  readonly factor: number;
  readonly detail: { readonly block: Block; readonly factor: number } | null;
  /** Called when a frame has come, before the page learns of it. */
  readonly onArrival: (job: FrameJob) => void;
}

export interface Frames {
  readonly overview: Latest<FrameJob, Rendered>;
  /** What is wanted; another object for every frame. */
  readonly wanted: FrameJob;
  /** Overviews as they come. */
  readonly feed: Feed<Rendered>;
  readonly detail: Rendered | null;
  /** What is on show: may lag behind what is wanted. */
  readonly shown: Rendered | null;
  readonly shownJob: FrameJob | null;
}

export function frameSource(
  source: ArraySource,
  mapping: DimensionMapping,
  slice: readonly number[],
  part: ComplexPart | null,
): FrameSource {
  return {
    url: binaryUrl(source.pid, source.path, selectionText(source.shape, mapping, slice), source.version),
    part: parseDtype(source.dtype)?.type === 'complex' ? (part ?? 'amplitude') : null,
    transposed: isTransposed(mapping),
  };
}

function loadFrame(job: FrameJob, fast: boolean, signal: AbortSignal): Promise<Rendered> {
  if (fast && job.preview !== null) return loadPreview(job, signal);
  const { frame, rules, factor } = job;
  return frameClient().ask('render', { source: frame, rules, block: null, factor }, signal);
}

/** Whether previews would come sooner: frames travel as values, in many bytes, and slowly. */
function isSlow({ cost, frameRows, frameColumns }: Rendered): boolean {
  const isFrame = cost.bytes >= frameRows * frameColumns;
  return !cost.stored && isFrame && cost.bytes > 4 * PREVIEW_PIXELS ** 2 && cost.took > SLOW_MS;
}

/** The server's reduction by maximum, spread over the frame it stands for. */
async function loadPreview(job: FrameJob, signal: AbortSignal): Promise<Rendered> {
  const source: FrameSource = { url: job.preview ?? '', part: null, transposed: false };
  const rules = { sentinels: [], maskUrl: null };
  const small = await frameClient().ask('render', { source, rules, block: null, factor: 1 }, signal);
  const step = Math.max(1, Math.ceil(Math.max(job.rows / small.rows, job.columns / small.columns)));
  return {
    ...small,
    block: { row: 0, column: 0, rows: job.rows, columns: job.columns },
    factor: step,
    frameRows: job.rows,
    frameColumns: job.columns,
  };
}

export function useFrames(input: FramesInput): Frames {
  const { source, mapping, slice, part, rules, factor, detail } = input;
  const sliceKey = slice.join(',');
  const job = useMemo<FrameJob>(() => {
    const rows = source.shape[mapping.y ?? 0] ?? 1;
    const columns = source.shape[mapping.x] ?? 1;
    const frame = frameSource(source, mapping, slice, part);
    const bytes = rows * columns * (parseDtype(source.dtype)?.itemSize ?? 8);
    const canPreview = bytes >= PREVIEW_FROM_BYTES && !frame.transposed && frame.part === null;
    const selection = selectionText(source.shape, mapping, slice);
    const preview = canPreview ? previewUrl(source.pid, source.path, selection, PREVIEW_PIXELS) : null;
    return { frame, preview, rules, factor, rows, columns, slice: [...slice] };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the slice counts by its indices, not by its identity
  }, [source, mapping, sliceKey, part, rules, factor]);

  const [slow, setSlow] = useState(false);
  const moving = useMoving(job.frame.url);
  const fast = slow && moving;
  const wanted = useMemo(() => ({ job, fast }), [job, fast]);
  const [feed] = useState(() => new Feed<Rendered>());
  const load = async ({ job: next, fast: quick }: { job: FrameJob; fast: boolean }, signal: AbortSignal) => {
    const rendered = await loadFrame(next, quick, signal);
    if (!quick) setSlow(isSlow(rendered));
    return rendered;
  };
  const overview = useLatest(wanted, load, 2, (rendered, { job: arrived }) => {
    feed.publish(rendered);
    input.onArrival(arrived);
  });

  // Where the frame itself is quick, a preview would only take the server's time.
  const longWait = useElapsed(PREVIEW_AFTER_MS);
  const first = useMemo(
    () => (longWait && job.preview !== null && overview.value === null ? { job } : null),
    [longWait, job, overview.value],
  );
  const preview = useLatest(first, ({ job: next }, signal) => loadPreview(next, signal), 1);

  const detailJob = useMemo<DetailJob | null>(
    () => (detail ? { frame: job.frame, rules, ...detail } : null),
    [detail, job.frame, rules],
  );
  const fine = useLatest(detailJob, ({ frame, rules: ask, block, factor: step }, signal) =>
    frameClient().ask('render', { source: frame, rules: ask, block, factor: step }, signal),
  );

  usePrefetch(input, job, overview.value?.cost ?? null, overview.pending);
  const shown = overview.value ?? preview.value;
  const shownJob = overview.key?.job ?? preview.key?.job ?? null;
  const standsIn = overview.value === null && preview.value !== null && preview.key?.job.frame.url === job.frame.url;
  const fineFits = detail !== null && fine.key !== null && fine.key.frame.url === shownJob?.frame.url;
  return {
    overview: { ...overview, key: overview.key?.job ?? null, error: overview.error ?? null, late: overview.late && !standsIn },
    wanted: job,
    feed,
    detail: fineFits ? fine.value : null,
    shown,
    shownJob,
  };
}

function useElapsed(ms: number): boolean {
  const [elapsed, setElapsed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setElapsed(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return elapsed;
}

/** True from a change until it has stood still for a moment. */
function useMoving(token: string): boolean {
  const [settled, setSettled] = useState(token);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(token), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [token]);
  return settled !== token;
}

interface Step {
  readonly slice: readonly number[];
  /** The dimension that moved last and by how much; -1 before any movement. */
  readonly dimension: number;
  readonly by: number;
}

/** Fetches the next frames in the direction of the last movement; on slow lines only when nothing else is wanted. */
function usePrefetch(input: FramesInput, job: FrameJob, cost: Cost | null, pending: boolean): void {
  const { source, mapping, part } = input;
  const [prefetcher] = useState(
    () => new Prefetcher<FrameSource>((wanted, signal) => frameClient().ask('prefetch', { source: wanted }, signal)),
  );
  const [last, setLast] = useState<Step>({ slice: job.slice, dimension: -1, by: 0 });
  const changed = job.slice.findIndex((index, i) => index !== last.slice[i]);
  if (changed >= 0) {
    setLast({ slice: job.slice, dimension: changed, by: (job.slice[changed] ?? 0) - (last.slice[changed] ?? 0) });
  }

  useEffect(() => () => prefetcher.close(), [prefetcher]);
  const count = cost ? Math.min(AHEAD, Math.floor(AHEAD_BYTES / Math.max(cost.bytes, 1))) : 1;
  const waits = pending && (cost === null || cost.took > PROMPT_MS);
  useEffect(() => {
    if (waits || last.dimension < 0) return;
    const { dimension, by } = last;
    const indices = ahead({ index: job.slice[dimension] ?? 0, step: by, size: source.shape[dimension] ?? 0 }, count);
    const frames = indices.map((index) => frameSource(source, mapping, job.slice.map((old, d) => (d === dimension ? index : old)), part));
    prefetcher.want(frames.map((frame) => ({ key: frame.url, source: frame })), job.frame.url);
  }, [prefetcher, waits, count, last, job, source, mapping, part]);
}
