/** What the file calls the curves of a plot, for the legend: 'Fit' instead of 'model'. */

import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';

import { baseName } from '../core/format';
import { nodeQuery } from '../data/queries';
import type { ArraySource } from '../data/types';
import type { CurveRequest } from './useCurves';

/** Long names by path: that of the signal is known, those of further signals are asked for; without one there is no entry. */
export function useTitles(source: ArraySource, further: readonly string[]): ReadonlyMap<string, string> {
  const titles = useQueries({
    queries: further.map((path) => nodeQuery(source, path)),
    combine: (found) => found.map(({ data }) => data?.attributes?.long_name),
  });
  const named = [[source.path, source.title], ...further.map((path, i) => [path, titles[i]])];
  const text = JSON.stringify(named);
  return useMemo(() => new Map((JSON.parse(text) as [string, unknown][]).filter((pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1].trim() !== '')), [text]);
}

/** The curve's label with the array's name replaced by what the file calls it. */
export function titleOf(curve: Pick<CurveRequest, 'label' | 'path'>, titles: ReadonlyMap<string, string>): string {
  const name = baseName(curve.path);
  const title = titles.get(curve.path);
  return title !== undefined && curve.label.startsWith(name) ? title + curve.label.slice(name.length) : curve.label;
}
