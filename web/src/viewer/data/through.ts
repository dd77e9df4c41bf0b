/** Through a whole stack: figures of a region or profiles along a line for every frame, in answers that come one after the other. */

import { useEffect, useMemo, useState } from 'react';

import { ByteLru } from '../core/lru';
import type { Box, Followed, FigureName } from '../core/state';
import { isAbort, requestPart, throughUrl } from './requests';
import type { ArraySource } from './types';

export interface ThroughJob {
  readonly source: Pick<ArraySource, 'pid' | 'version' | 'path' | 'shape'>;
  readonly follow: Followed;
  /** The dimension that is gone through, and those of rows and columns. */
  readonly along: number;
  readonly rows: number;
  readonly columns: number;
  readonly slice: readonly number[];
  /** In pixels: a region's corners, or both ends of a line. */
  readonly box: Box;
  readonly width: number;
  readonly masked: boolean;
}

/** One row for each frame that has come; the others are NaN. */
export interface ThroughData {
  readonly values: Float64Array;
  /** Numbers in a row: the four figures of a region, or the positions along a line. */
  readonly perFrame: number;
  readonly isLine: boolean;
  readonly done: number;
}

export interface ThroughState {
  readonly data: ThroughData | null;
  readonly error: unknown;
  readonly pending: boolean;
}

const kept = new ByteLru<ThroughData>(64e6);

/** Selection text: everything along, one index elsewhere, the region's pixels of the image. */
export function throughSelection(job: ThroughJob, from: number): string {
  const range = (low: number, high: number, size: number) => {
    const start = Math.min(Math.max(Math.floor(Math.min(low, high)), 0), Math.max(size - 1, 0));
    return `${start}:${Math.min(Math.max(Math.ceil(Math.max(low, high)), start + 1), size)}`;
  };
  return job.source.shape
    .map((size, dimension) => {
      if (dimension === job.along) return `${from}:`;
      if (job.follow !== 'line' && dimension === job.columns) return range(job.box[0], job.box[2], size);
      if (job.follow !== 'line' && dimension === job.rows) return range(job.box[1], job.box[3], size);
      return dimension === job.columns || dimension === job.rows ? ':' : String(job.slice[dimension] ?? 0);
    })
    .join(',');
}

function urlOf(job: ThroughJob, from: number): string {
  const common = { path: job.source.path, along: job.along, selection: throughSelection(job, from), masked: String(job.masked) };
  if (job.follow !== 'line') return throughUrl(job.source.pid, 'series', common);
  const line = job.box.map((pixel) => Number(pixel.toFixed(3))).join(',');
  return throughUrl(job.source.pid, 'profiles', { ...common, rows: job.rows, columns: job.columns, line, width: job.width });
}

/** Asks until every frame is there; `onPart` gets all that has come so far. */
export async function goThrough(job: ThroughJob, signal: AbortSignal, onPart: (data: ThroughData) => void): Promise<ThroughData> {
  const frames = job.source.shape[job.along] ?? 0;
  const isLine = job.follow === 'line';
  let values = new Float64Array();
  let [perFrame, done] = [1, 0];
  while (done < frames) {
    const part = await requestPart(urlOf(job, done), signal);
    if (done === 0) {
      perFrame = part.shape[1] ?? 1;
      values = new Float64Array(frames * perFrame).fill(NaN);
    }
    values.set(part.values, done * perFrame);
    done += part.next;
    if (part.next === 0) break;
    if (done < frames) onPart({ values: values.slice(), perFrame, isLine, done });
  }
  return { values, perFrame, isLine, done };
}

/** The job's data as they come; a new job stops the old one. Null wants nothing. */
export function useThrough(job: ThroughJob | null): ThroughState {
  const key = job && JSON.stringify([job.source.version, job.width, urlOf(job, 0)]);
  const known = key === null ? undefined : kept.get(key);
  const [state, setState] = useState<ThroughState & { key: string | null }>({ key: null, data: null, error: null, pending: false });
  useEffect(() => {
    if (!job || key === null || kept.has(key)) return;
    const controller = new AbortController();
    const show = (data: ThroughData, pending: boolean) => setState({ key, data, error: null, pending });
    goThrough(job, controller.signal, (data) => show(data, true)).then(
      (data) => {
        kept.set(key, data, data.values.byteLength);
        show(data, false);
      },
      (error: unknown) => {
        if (!isAbort(error)) setState((before) => ({ key, data: before.key === key ? before.data : null, error, pending: false }));
      },
    );
    return () => controller.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says all of the job
  }, [key]);
  return useMemo(() => {
    if (known) return { data: known, error: null, pending: false };
    if (key !== null && state.key === key) return state;
    // The last curve stays until the first part of the new one is there.
    return { data: key === null ? null : state.data, error: null, pending: key !== null };
  }, [known, key, state]);
}

/** One number for each frame. `data` are the four figures: sum, number, minimum, maximum. */
export function curveOf(data: ThroughData, figure: FigureName): Float64Array {
  return Float64Array.from({ length: data.values.length / data.perFrame }, (_, frame) => {
    const at = frame * data.perFrame;
    const [sum, count, minimum, maximum] = [0, 1, 2, 3].map((i) => data.values[at + i] ?? NaN) as [number, number, number, number];
    if (!(count > 0)) return NaN;
    return { sum, mean: sum / count, minimum, maximum }[figure];
  });
}
