/** Blocks of a large table of numbers, requested as cells come into view and dropped when many came after. */

import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';

import { ByteLru } from '../core/lru';
import { at, type NumericArray } from '../core/numbers';
import { blockSelection } from '../core/selection';
import { binaryUrl, isAbort, requestArray } from '../data/requests';
import type { ArraySource } from '../data/types';

interface BlocksInput {
  readonly source: ArraySource;
  readonly rowDimension: number;
  /** Null for a single column. */
  readonly columnDimension: number | null;
  readonly slice: readonly number[];
  readonly complex: boolean;
}

type Cell = readonly [value: number | null, imaginary: number | null];

const ROWS = 128;
const COLUMNS = 64;
const LIMIT = 24e6;
const WAITING: Cell = [null, null];

class BlockStore {
  private readonly blocks = new ByteLru<NumericArray>(LIMIT);
  private readonly running = new Map<string, AbortController>();
  private readonly listeners = new Set<() => void>();
  private version = 0;
  error: unknown = null;

  constructor(private readonly input: BlocksInput) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getVersion = (): number => this.version;

  get pending(): boolean {
    return this.running.size > 0;
  }

  private changed(): void {
    this.version++;
    for (const listener of this.listeners) listener();
  }

  close(): void {
    for (const controller of this.running.values()) controller.abort();
    this.running.clear();
  }

  read(row: number, column: number): Cell {
    const { source, rowDimension, columnDimension, complex } = this.input;
    const top = Math.floor(row / ROWS) * ROWS;
    const left = Math.floor(column / COLUMNS) * COLUMNS;
    const key = `${top},${left}`;
    const block = this.blocks.get(key);
    if (!block) {
      this.request(key, top, left);
      return WAITING;
    }
    const height = Math.min(ROWS, (source.shape[rowDimension] ?? 0) - top);
    const width = columnDimension === null ? 1 : Math.min(COLUMNS, (source.shape[columnDimension] ?? 0) - left);
    const transposed = columnDimension !== null && rowDimension > columnDimension;
    const index = transposed ? (column - left) * height + (row - top) : (row - top) * width + (column - left);
    return complex ? [at(block, 2 * index), at(block, 2 * index + 1)] : [at(block, index), null];
  }

  private request(key: string, top: number, left: number): void {
    if (this.running.has(key) || this.error !== null) return;
    const { source, rowDimension, columnDimension, slice } = this.input;
    const ranges = source.shape.map((size, d): number | [number, number] => {
      if (d === rowDimension) return [top, Math.min(top + ROWS, size)];
      if (d === columnDimension) return [left, Math.min(left + COLUMNS, size)];
      return slice[d] ?? 0;
    });
    const controller = new AbortController();
    this.running.set(key, controller);
    requestArray(binaryUrl(source.pid, source.path, blockSelection(ranges)), controller.signal)
      .then(
        ({ values }) => this.blocks.set(key, values, values.byteLength),
        (error: unknown) => {
          if (!isAbort(error)) this.error = error;
        },
      )
      .finally(() => {
        this.running.delete(key);
        this.changed();
      });
  }
}

export interface Blocks {
  readonly read: (row: number, column: number) => Cell;
  readonly pending: boolean;
  readonly error: unknown;
}

export function useBlocks(input: BlocksInput): Blocks {
  const { source, rowDimension, columnDimension, complex } = input;
  const sliceKey = input.slice.join(',');
  const key = `${source.pid} ${source.path} ${rowDimension} ${columnDimension ?? ''} ${sliceKey}`;
  const [held, setHeld] = useState(() => ({ key, store: new BlockStore(input) }));
  if (held.key !== key) setHeld({ key, store: new BlockStore(input) });
  const { store } = held;
  useEffect(() => () => store.close(), [store]);
  const version = useSyncExternalStore(store.subscribe, store.getVersion);
  return useMemo(
    () => ({ read: (row: number, column: number) => store.read(row, column), pending: store.pending, error: store.error }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a new version means new cells
    [store, version, complex],
  );
}
