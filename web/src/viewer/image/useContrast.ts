/** Scale and colour range: what the user set, else percentile contrast of the frame that was on show first. */

import { useMemo, useState } from 'react';

import { autoDomain, defaultScale, validDomain, type ColorScale, type ContrastInput } from '../core/contrast';
import type { Domain } from '../core/numbers';
import type { ViewerState } from '../core/state';
import { frameClient } from '../data/frameClient';
import type { FrameSource, RuleSource } from '../data/frameStore';
import { useStats } from '../data/queries';
import type { ArraySource, StatsOut } from '../data/types';
import { useLatest } from '../data/useLatest';

export interface Contrast {
  readonly scale: ColorScale;
  readonly domain: Domain;
  readonly automatic: boolean;
  /** Null until the first statistics are there. */
  readonly stats: ContrastInput | null;
  readonly ready: boolean;
  readonly serverStats: StatsOut | null;
}

interface ContrastRequest {
  readonly source: ArraySource;
  readonly selection: string | null;
  readonly frame: FrameSource;
  readonly rules: RuleSource;
  readonly state: ViewerState;
  /** Changes when the user asks for a new autoscale. */
  readonly epoch: number;
}

/** Statistics come from the server for plain numbers as stored, from the frame itself for everything else. */
export function useContrast(request: ContrastRequest): Contrast {
  const { source, selection, frame, rules, state, epoch } = request;
  const scope = `${epoch} ${frame.part ?? ''} ${rules.maskUrl ?? ''}`;
  const [anchor, setAnchor] = useState({ scope, selection, frame, rules });
  if (anchor.scope !== scope) setAnchor({ scope, selection, frame, rules });

  const server = useStats(source, source.path, anchor.selection, frame.part === null);
  const useOwn = frame.part !== null || server.isError || epoch > 0;
  const wanted = useMemo(() => (useOwn ? anchor : null), [useOwn, anchor]);
  const own = useLatest(wanted, ({ frame: asked, rules: ruled }, signal) =>
    frameClient().ask('describe', { source: asked, rules: ruled, block: null, log: false }, signal),
  );

  const stats = useMemo<ContrastInput | null>(() => {
    const described = own.value;
    if (useOwn && described) {
      return {
        minimum: described.statistics?.minimum ?? null,
        maximum: described.statistics?.maximum ?? null,
        positive_minimum: described.positiveMinimum,
        percentiles: described.percentiles,
      };
    }
    return server.data ?? null;
  }, [useOwn, own.value, server.data]);

  return useMemo(() => {
    const scale = state.scale ?? (stats ? defaultScale(stats) : 'linear');
    const automatic = state.domain === undefined;
    const wantedDomain = state.domain ?? (stats ? autoDomain(stats, scale) : ([0, 1] as Domain));
    const domain = validDomain(wantedDomain, scale, stats?.positive_minimum ?? 1);
    return {
      scale,
      domain,
      automatic,
      stats,
      ready: stats !== null || state.domain !== undefined || own.error !== null,
      serverStats: server.data ?? null,
    };
  }, [state.scale, state.domain, stats, own.error, server.data]);
}
