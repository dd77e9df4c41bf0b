/** Voxels of an array as they come; a new array or frame stops the old one. */

import { useEffect, useState } from 'react';

import { isAbort } from '../data/requests';
import type { ArraySource } from '../data/types';
import { loadVoxels, type Voxels } from './voxels';

export interface LoadedVoxels {
  readonly voxels: Voxels | null;
  /** Grows when voxels have come. */
  readonly version: number;
  /** Values from all over what has come. */
  readonly sample: Float64Array | null;
  readonly pending: boolean;
  readonly error: unknown;
}

const SHOWN_EVERY_MS = 400;
const NOTHING: LoadedVoxels & { key: string } = { key: '', voxels: null, version: 0, sample: null, pending: true, error: null };

export function useVoxels(source: ArraySource, frame: readonly number[], longest: number): LoadedVoxels {
  const { pid, path, dtype } = source;
  const frameKey = frame.join(',');
  const key = JSON.stringify([pid, path, dtype, frameKey]);
  const [loaded, setLoaded] = useState(NOTHING);
  useEffect(() => {
    const controller = new AbortController();
    let [shownAt, version, sampledAt] = [0, 0, 0];
    const show = (voxels: Voxels) => {
      const pending = voxels.done < voxels.bricks;
      if (pending && performance.now() - shownAt < SHOWN_EVERY_MS) return;
      // The contrast follows what has come, a few times only.
      const again = !pending || voxels.done >= 4 * sampledAt;
      if (again) sampledAt = voxels.done;
      shownAt = performance.now();
      version++;
      setLoaded((before) => ({ key, voxels, version, sample: again ? voxels.sample() : before.sample, pending, error: null }));
    };
    loadVoxels({ pid, path, dtype }, frameKey === '' ? [] : frameKey.split(',').map(Number), longest, controller.signal, show).catch((error: unknown) => {
      if (!isAbort(error)) setLoaded((before) => ({ ...before, key, pending: false, error }));
    });
    return () => controller.abort();
  }, [key, pid, path, dtype, frameKey, longest]);
  // The last volume stays until the first brick of the new one is there.
  return loaded.key === key ? loaded : { ...loaded, pending: true, error: null };
}
