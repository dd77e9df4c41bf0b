/** What the file calls the curves of a plot, for the legend ('Fit' instead of 'model'), and their units. */

import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';

import { baseName } from '../core/format';
import { nodeQuery } from '../data/queries';
import type { ArraySource } from '../data/types';
import type { CurveRequest } from './useCurves';

/** By path; what the file doesn't say, or hasn't said yet, has no entry. */
export interface Names {
  readonly titles: ReadonlyMap<string, string>;
  readonly units: ReadonlyMap<string, string>;
}

/** Those of the signal are known, those of further signals are asked for. */
export function useNames(source: ArraySource, further: readonly string[]): Names {
  const found = useQueries({
    queries: further.map((path) => nodeQuery(source, path)),
    combine: (answers) => answers.map(({ data }) => [data?.attributes?.long_name, data?.unit] as const),
  });
  const named = [[source.path, source.title, source.unit], ...further.map((path, i) => [path, ...(found[i] ?? [])])];
  const text = JSON.stringify(named);
  return useMemo(() => {
    const rows = JSON.parse(text) as [string, unknown, unknown][];
    return { titles: said(rows.map(([path, title]) => [path, title])), units: said(rows.map(([path, , unit]) => [path, unit])) };
  }, [text]);
}

function said(pairs: readonly (readonly [string, unknown])[]): ReadonlyMap<string, string> {
  return new Map(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1].trim() !== ''));
}

/** The curve's label with the array's name replaced by what the file calls it. */
export function titleOf(curve: Pick<CurveRequest, 'label' | 'path'>, titles: ReadonlyMap<string, string>): string {
  const name = baseName(curve.path);
  const title = titles.get(curve.path);
  return title !== undefined && curve.label.startsWith(name) ? title + curve.label.slice(name.length) : curve.label;
}
