/** The curves on show: the signal at this slice, pinned slices, further signals; loaded together, latest wins. */

import { useMemo } from 'react';

import { complexPart } from '../core/complex';
import { parseDtype } from '../core/dtype';
import { baseName } from '../core/format';
import type { NumericArray } from '../core/numbers';
import { safeSlice, selectionText, slicedDimensions } from '../core/selection';
import { cachedArray } from '../data/arrays';
import { binaryUrl } from '../data/requests';
import { sentinelsOf } from '../data/frameStore';
import { useLatest, type Latest } from '../data/useLatest';
import type { PlotProps } from '../plots/props';

export interface CurveRequest {
  readonly label: string;
  readonly path: string;
  readonly selection: string | null;
  readonly errorsPath: string | null;
  readonly xErrorsPath: string | null;
  /** Index that is pinned, to be taken off again. */
  readonly pinned: number | null;
  /** A further signal of the plot: a model, a background, a component. */
  readonly beside: boolean;
}

export interface Curve extends CurveRequest {
  /** Its own points along x, where it is from another array; else those of the plot. */
  readonly x?: Float64Array;
  readonly y: NumericArray;
  readonly errors: NumericArray | null;
  /** One standard deviation along x of each point. */
  readonly xErrors: NumericArray | null;
}

export interface CurvesJob {
  readonly requests: readonly CurveRequest[];
}

/** What is to be drawn, the curve at the current slice first. */
function requestsOf({ source, plot, mapping, slice, state }: PlotProps): CurveRequest[] {
  const indices = safeSlice(source.shape, slice);
  const sliced = slicedDimensions(source.shape.length, mapping);
  const selectionAt = (at: readonly number[]) => selectionText(source.shape, mapping, at);
  const dimension = sliced.find((candidate) => (source.shape[candidate] ?? 1) > 1);
  const name = baseName(source.path);
  const current: CurveRequest = {
    label: dimension === undefined ? name : `${name} [${indices[dimension] ?? 0}]`,
    path: source.path,
    selection: selectionAt(indices),
    errorsPath: plot.errors,
    xErrorsPath: source.shape.length === 1 ? plot.xErrors : null,
    pinned: null,
    beside: false,
  };
  const pinned =
    dimension === undefined
      ? []
      : (state.pinned ?? [])
          .filter((index) => index !== indices[dimension] && index < (source.shape[dimension] ?? 0))
          .map((index) => ({
            ...current,
            label: `${name} [${index}]`,
            selection: selectionAt(indices.map((before, d) => (d === dimension ? index : before))),
            pinned: index,
          }));
  const others = plot.auxiliary.map((path) => ({ ...current, label: baseName(path), path, errorsPath: null, xErrorsPath: null, beside: true }));
  return [current, ...pinned, ...others];
}

export function useCurves(props: PlotProps): Latest<CurvesJob, Curve[]> {
  const { source, state } = props;
  const requests = requestsOf(props);
  const text = JSON.stringify(requests);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the requests count by what they ask for
  const job = useMemo<CurvesJob>(() => ({ requests }), [text]);
  const part = parseDtype(source.dtype)?.type === 'complex' ? (state.part ?? 'amplitude') : null;
  const wanted = useMemo(() => ({ ...job, part }), [job, part]);
  // A line through a detector image has gaps where the detector has.
  const sentinels = source.kind === 'image' || source.kind === 'image_stack' ? sentinelsOf(source.dtype, null) : [];

  return useLatest(wanted, async ({ requests: asked, part: shownPart }, signal) => {
    const load = async (path: string, selection: string | null) => {
      const { values } = await cachedArray(binaryUrl(source.pid, path, selection), signal);
      return shownPart ? complexPart(values, shownPart) : withoutSentinels(values, sentinels);
    };
    const loaded = await Promise.allSettled(
      asked.map(async (request): Promise<Curve> => {
        const beside = (path: string | null) => (path === null ? null : load(path, request.selection).catch(() => null));
        const [y, errors, xErrors] = await Promise.all([
          load(request.path, request.selection),
          beside(request.errorsPath),
          beside(request.xErrorsPath),
        ]);
        return { ...request, y, errors, xErrors };
      }),
    );
    // The first curve must be there; others that can't be read are left out.
    const [first, ...rest] = loaded;
    if (first?.status !== 'fulfilled') throw first?.reason;
    return [first.value, ...rest.filter((result) => result.status === 'fulfilled').map(({ value }) => value)];
  });
}

/** The values with NaN for those that mean 'no value'. */
export function withoutSentinels(values: NumericArray, sentinels: readonly number[]): NumericArray {
  if (!sentinels.some((sentinel) => values.includes(sentinel))) return values;
  return Float64Array.from(values, (value) => (sentinels.includes(value) ? NaN : value));
}
