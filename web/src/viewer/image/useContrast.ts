/** Scale and colour range: what the user set, else percentile contrast of the frame that was on show first. */

import { useMemo, useState } from 'react';

import { colorDomain, defaultMap, defaultScale, validDomain, type ColorScale, type ContrastInput } from '../core/contrast';
import { parseDtype } from '../core/dtype';
import type { Domain } from '../core/numbers';
import type { ColorMapName, ViewerState } from '../core/state';
import { frameClient } from '../data/frameClient';
import type { Description, FrameSource, RuleSource } from '../data/frameStore';
import { useStats } from '../data/queries';
import type { ArraySource, StatsOut } from '../data/types';
import { useLatest } from '../data/useLatest';

/** Enough to know the percentiles; the brightest of all pixels is not needed. */
const CONTRAST_PIXELS = 1_000_000;

export interface Contrast {
  readonly scale: ColorScale;
  readonly domain: Domain;
  readonly map: ColorMapName;
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

function isSigned(dtype: string): boolean {
  return parseDtype(dtype)?.code.startsWith('i') ?? false;
}

function fromDescription(description: Description): ContrastInput {
  return {
    minimum: description.statistics?.minimum ?? null,
    maximum: description.statistics?.maximum ?? null,
    positive_minimum: description.positiveMinimum,
    percentiles: description.percentiles,
  };
}

/** Statistics come from the server or, for parts of complex numbers and on request, from the frame itself. */
export function useContrast(request: ContrastRequest): Contrast {
  const { source, selection, frame, rules, state, epoch } = request;
  // The mask may come after the first picture and must not change its contrast.
  const scope = `${epoch} ${frame.part ?? ''}`;
  const [anchor, setAnchor] = useState({ scope, selection, frame, rules });
  if (anchor.scope !== scope) setAnchor({ scope, selection, frame, rules });

  const server = useStats(source, source.path, anchor.selection, frame.part === null && epoch === 0);
  // Negative gaps (-1, -2) are known to the server only; everything else the frame itself can tell, often sooner.
  const needsServer = frame.part === null && epoch === 0 && !server.isError && isSigned(source.dtype);
  const wanted = useMemo(() => (needsServer ? null : anchor), [needsServer, anchor]);
  const own = useLatest(wanted, ({ frame: asked, rules: ruled }, signal) =>
    frameClient().ask('describe', { source: asked, rules: ruled, block: null, log: false, limit: CONTRAST_PIXELS }, signal),
  );

  // Whichever comes first stays, so that the picture does not change once more.
  const described = own.key === anchor && own.value ? fromDescription(own.value) : null;
  const candidate = (epoch === 0 && frame.part === null ? server.data : null) ?? described;
  const [locked, setLocked] = useState<{ scope: string; stats: ContrastInput } | null>(null);
  if (candidate && locked?.scope !== scope) setLocked({ scope, stats: candidate });
  const stats = locked?.stats ?? null;

  return useMemo(() => {
    const scale = state.scale ?? (stats ? defaultScale(stats) : 'linear');
    const automatic = state.domain === undefined;
    const wantedDomain = state.domain ?? (stats ? colorDomain(stats, scale) : ([0, 1] as Domain));
    const domain = validDomain(wantedDomain, scale, stats?.positive_minimum ?? 1);
    return {
      scale,
      domain,
      map: state.map ?? defaultMap(stats),
      automatic,
      stats,
      ready: stats !== null || state.domain !== undefined || own.error !== null,
      serverStats: server.data ?? null,
    };
  }, [state.scale, state.domain, state.map, stats, own.error, server.data]);
}
