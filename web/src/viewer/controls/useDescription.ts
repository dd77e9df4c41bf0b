/** What is shown in words, on demand, for people who can't see the plot. */

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { formatNumber, withUnit } from '../core/format';
import type { Visualisation } from '../core/state';
import { jsonUrl, requestJson } from '../data/requests';
import type { ArraySource, StatsOut } from '../data/types';

interface Shown {
  readonly source: ArraySource;
  readonly selection: string | null;
  readonly active: Visualisation;
}

const NOUNS: Partial<Record<Visualisation, string>> = { heatmap: 'Image', line: 'Curve', matrix: 'Numbers', scatter: 'Scatter plot' };

export function useDescription({ source, selection, active }: Shown): { text: string; say: () => void } {
  const [text, setText] = useState('');
  const client = useQueryClient();
  const say = () => {
    const what = `${NOUNS[active] ?? 'Contents'} of ${source.path}${selection ? `, selection ${selection}` : ''}, shape ${source.shape.join(' by ')}.`;
    client
      .query({
        queryKey: ['viewer', 'stats', source.pid, source.version, source.path, selection],
        queryFn: ({ signal }) => requestJson<StatsOut>(jsonUrl(source.pid, 'stats', source.path, { selection }), signal),
        staleTime: 600_000,
      })
      .then(
        (stats) => setText(`${what} ${inWords(stats, source.unit)}`),
        () => setText(what),
      );
  };
  return { text, say };
}

function inWords(stats: StatsOut, unit: string | null): string {
  const number = (value: number | null) => (value === null ? 'unknown' : withUnit(formatNumber(value), unit));
  return `${stats.count} valid values, ${stats.masked} masked, from ${number(stats.minimum)} to ${number(stats.maximum)}, mean ${number(stats.mean)}, standard deviation ${number(stats.std)}.`;
}
