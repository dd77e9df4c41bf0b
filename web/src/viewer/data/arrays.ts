/** Whole small arrays (curves, axes, tables) kept for a while by address. */

import { ByteLru } from '../core/lru';
import { requestArray, type ReceivedArray } from './requests';

const cache = new ByteLru<ReceivedArray>(48e6);

export async function cachedArray(url: string, signal: AbortSignal): Promise<ReceivedArray> {
  const known = cache.get(url);
  if (known) return known;
  const received = await requestArray(url, signal);
  cache.set(url, received, received.values.byteLength);
  return received;
}
