/** A curve of another array or dataset over those on show. */

import { Alert } from '@mantine/core';
import { useMemo } from 'react';

import { complexPart } from '../core/complex';
import { parseDtype } from '../core/dtype';
import { baseName, prettyUnit } from '../core/format';
import { defaultMapping, safeSlice, selectionText } from '../core/selection';
import type { Curve } from '../curves/useCurves';
import { cachedArray } from '../data/arrays';
import { useAxes } from '../data/queries';
import { binaryUrl, describeError } from '../data/requests';
import { NO_PLOT } from '../data/types';
import { useLatest } from '../data/useLatest';
import { curveAbscissa, plainAxis } from '../plots/axes';
import type { PlotProps } from '../plots/props';
import { whyNotOverlaid } from './fits';
import { usePartner } from './usePartner';

/** The partner's curve at the same slice where it has one; `problem` says why there is none. */
export function useOtherCurve({ dataset, source, state, slice, axes, mapping }: PlotProps): { curve: Curve | null; problem: string | null } {
  const wanted = state.against !== undefined || state.againstPath !== undefined;
  const { partner, error } = usePartner(dataset, wanted ? (state.against ?? null) : null, wanted ? (state.againstPath ?? source.path) : source.path);
  const other = wanted && partner ? partner : null;
  const otherSource = other?.source ?? source;
  const otherAxes = useAxes(otherSource, other?.plot ?? NO_PLOT);
  const sameRank = otherSource.shape.length === source.shape.length;
  const along = sameRank ? mapping.x : (defaultMapping(otherSource.shape, 1)?.x ?? 0);
  const info = otherAxes[along] ?? plainAxis(otherSource.shape[along] ?? 0, along, otherSource.shape.length, null);
  const { path, name, unit, size, values } = info;
  const x = useMemo(() => curveAbscissa({ path, name, unit, size, values }), [path, name, unit, size, values]);

  const own = axes[mapping.x];
  const units = [prettyUnit(own?.unit), prettyUnit(unit)];
  const axisProblem = units[0] !== units[1] && units.every((text) => text !== '') ? `Its axis is in ${units[1] ?? ''}, this one in ${units[0] ?? ''}.` : null;
  const problem = !wanted ? null : error ? describeError(error).what : other ? (whyNotOverlaid(source, other.source) ?? axisProblem) : null;
  const sliceText = safeSlice(otherSource.shape, sameRank ? slice : undefined).join(',');
  const part = parseDtype(otherSource.dtype)?.type === 'complex' ? (state.part ?? 'amplitude') : null;
  const job = useMemo(() => {
    if (!other || problem !== null) return null;
    const selection = selectionText(other.source.shape, { x: along, y: null }, sliceText.split(',').map(Number));
    return { url: binaryUrl(other.source.pid, other.source.path, selection), selection, part, label: `${other.dataset.title}: ${baseName(other.source.path)}`, path: other.source.path };
  }, [other, problem, along, sliceText, part]);
  const loaded = useLatest(job, async (ask, signal) => {
    const { values: received } = await cachedArray(ask.url, signal);
    return ask.part ? complexPart(received, ask.part) : received;
  });
  const { value, key } = loaded;
  const curve = useMemo<Curve | null>(
    () => (value && key && job ? { label: key.label, path: key.path, selection: key.selection, errorsPath: null, xErrorsPath: null, pinned: null, beside: false, y: value, errors: null, xErrors: null, x } : null),
    [value, key, job, x],
  );
  return { curve, problem: problem ?? (loaded.error && wanted ? describeError(loaded.error).what : null) };
}

export function OverlaidNotice({ text }: { text: string }) {
  return (
    <Alert color="yellow" variant="light" py={6} style={{ position: 'absolute', left: 90, bottom: 70, maxWidth: 420 }} role="status">
      {`The other curve can’t be drawn over this one. ${text}`}
    </Alert>
  );
}
