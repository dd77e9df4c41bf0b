/** Curves with uncertainties, on linear and log axes. */

import { CurveType, DataCurve, DefaultInteractions, ScaleType, VisCanvas } from '@h5web/lib';
import { useComputedColorScheme } from '@mantine/core';
import { useCallback, useEffect, useMemo, useState } from 'react';

import { decimate, pick, visibleRange } from '../core/decimate';
import { axisLabel, baseName, prettyUnit } from '../core/format';
import { isNumbering, type Domain } from '../core/numbers';
import type { Box } from '../core/state';
import { logTickLabel, plainTickLabel, wholeTickLabel, type AxisScale } from '../core/ticks';
import { captionLines, columnText } from '../figure/captions';
import { curvesDomain, seriesDomain } from '../figure/paths';
import { curveFigureSvg } from '../figure/svg';
import { curveAbscissa, plainAxis } from '../plots/axes';
import { CursorStore } from '../plots/cursor';
import { CursorTracker } from '../plots/CursorTracker';
import { PinchZoom } from '../plots/PinchZoom';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';
import { ZoomSync, type View } from '../plots/ZoomSync';
import { curveColor } from './colors';
import { CurveReadout } from './CurveReadout';
import { ErrorBand } from './ErrorBand';
import { Legend, legendName } from './Legend';
import { WidthBars } from './WidthBars';
import { suggestedScales } from './scales';
import { OverlaidNotice, useOtherCurve } from '../compare/otherCurve';
import { useCurves, type Curve } from './useCurves';
import { onLeft, onRight, secondUnit } from './second';
import { SecondAxis } from './SecondAxis';
import { titleOf, useNames } from './useTitles';

/** Buckets of the smallest and largest value that are drawn. */
const BUCKETS = 4000;
/** Points are marked where there are this few. */
const MARKED = 120;

const LINEAR = { x: 'linear', y: 'linear' } as const;
const SCALES = { linear: ScaleType.Linear, log: ScaleType.Log } as const;

export interface DrawnCurve extends Curve {
  readonly color: string;
  /** As the legend has it. */
  readonly title: string;
  readonly unit: string | null;
  /** Drawn over the axis on the right. */
  readonly right: boolean;
}

export function CurvePlot(props: PlotProps) {
  const { source, plot, axes, mapping, state, onStateChange, dataset, onFigure } = props;
  const dark = useComputedColorScheme('light') === 'dark';
  const [cursor] = useState(() => new CursorStore());
  const loaded = useCurves(props);
  const info = axes[mapping.x] ?? plainAxis(source.shape[mapping.x] ?? 0, mapping.x, source.shape.length, source.kind);
  const { path, name, unit, size, values } = info;
  const x = useMemo(() => curveAbscissa({ path, name, unit, size, values }), [path, name, unit, size, values]);
  const other = useOtherCurve(props);
  const { curve: otherCurve } = other;
  const { titles, units } = useNames(source, plot.auxiliary);
  const rightUnit = secondUnit(source.unit, plot.auxiliary.map((one) => units.get(one) ?? null));
  const curves = useMemo<DrawnCurve[]>(
    () =>
      [...(loaded.value ?? []), ...(loaded.value && otherCurve ? [otherCurve] : [])].map((curve, index) => ({
        ...curve,
        color: curveColor(index, dark),
        title: titleOf(curve, titles),
        unit: curve.beside ? (units.get(curve.path) ?? source.unit) : source.unit,
        right: curve.beside && rightUnit !== null && units.get(curve.path) === rightUnit,
      })),
    [loaded.value, otherCurve, dark, titles, units, source.unit, rightUnit],
  );
  const firstCurve = curves[0]?.y;
  const suggested = useMemo(
    () => (firstCurve ? suggestedScales({ x, y: firstCurve, xName: name, xUnit: unit, techniques: dataset.techniques.map(({ label }) => label) }) : LINEAR),
    [x, firstCurve, name, unit, dataset.techniques],
  );
  const xScale = state.xScale ?? plot.xScale ?? suggested.x;
  const yScale = state.yScale ?? plot.yScale ?? suggested.y;
  const xDomain = useMemo(() => seriesDomain([x, ...curves.flatMap((curve) => curve.x ?? [])], xScale), [x, curves, xScale]);
  const errors = state.errors ?? (size > MARKED ? 'band' : 'bars');
  const yDomain = useMemo(
    () => curvesDomain(curves.filter(({ right }) => !right).map((curve) => (errors === 'none' ? { ...curve, errors: null } : curve)), yScale),
    [curves, errors, yScale],
  );
  const second = useMemo(() => {
    const over = curves.filter(({ right }) => right);
    if (over.length === 0) return null;
    return { domain: seriesDomain(over.map(({ y }) => y), 'linear'), label: axisLabel(over.map(({ title }) => title).join(', '), rightUnit) };
  }, [curves, rightUnit]);
  const [view, setView] = useState<View | null>(null);
  const xLabel = axisLabel(name, values === null ? null : unit);
  const yLabel = axisLabel(source.title ?? baseName(source.path), source.unit);

  const { zoom: shownPart } = state;
  const drawn = useMemo(
    () =>
      curves.map((curve) => {
        const along = curve.x ?? x;
        const [from, to] = shownPart ? visibleRange(along, shownPart[0], shownPart[2]) : [0, along.length - 1];
        const found = reduced(curve, along, from, to);
        return curve.right && second ? { ...found, y: found.y.map((value) => onLeft(value, second.domain, yDomain, yScale)) } : found;
      }),
    [curves, x, shownPart, second, yDomain, yScale],
  );
  const modelled = curves.some(({ beside }) => beside);
  const nameTick = (value: number) => source.names.get(value) ?? '';
  // Stills, images: one has nothing between it and the next.
  const counted = values !== null && prettyUnit(unit) === '' && size <= MARKED && isNumbering(x);
  const xTicks = counted && xScale === 'linear' ? wholeTickLabel : xScale === 'log' ? logTickLabel(state.zoom ? [state.zoom[0], state.zoom[2]] : xDomain) : plainTickLabel;
  const yTicks = yScale === 'log' ? logTickLabel(state.zoom ? [state.zoom[1], state.zoom[3]] : yDomain) : source.names.size > 0 ? nameTick : plainTickLabel;
  const { onChosen } = props;
  useEffect(() => onChosen({ errors, xScale, yScale }), [onChosen, errors, xScale, yScale]);
  const onZoom = useCallback((zoom: Box | undefined) => onStateChange({ zoom }), [onStateChange]);

  const selection = loaded.key?.requests[0]?.selection ?? null;
  useEffect(() => {
    if (curves.length === 0) return;
    const zoom = state.zoom;
    const svg = () =>
      curveFigureSvg({
        title: plot.title ?? dataset.title,
        caption: captionLines(dataset, source.path, selection),
        x: { label: xLabel, domain: zoom ? [zoom[0], zoom[2]] : xDomain, scale: xScale },
        y: { label: yLabel, domain: zoom ? [zoom[1], zoom[3]] : yDomain, scale: yScale },
        ...(second && { right: { label: second.label, domain: zoom ? onRight([zoom[1], zoom[3]], second.domain, yDomain, yScale) : second.domain, scale: 'linear' as const } }),
        size: { width: 720, height: 480 },
        curves: curves.map((curve, index) => ({
          x: curve.x ?? x,
          y: curve.y,
          errors: errors === 'none' ? null : curve.errors,
          xErrors: errors === 'bars' ? curve.xErrors : null,
          label: legendName(curve),
          right: curve.right,
          color: curveColor(index, false),
        })),
      });
    const columns = () =>
      columnText(
        [
          { name, unit, values: x },
          ...(curves[0]?.xErrors ? [{ name: `${name}_errors`, unit, values: curves[0].xErrors }] : []),
          ...curves.filter((curve) => !curve.x).flatMap((curve) => [
            { name: curve.label, unit: curve.unit, values: curve.y },
            ...(curve.errors ? [{ name: `${curve.label}_errors`, unit: curve.unit, values: curve.errors }] : []),
          ]),
        ],
        [dataset.title, ...captionLines(dataset, source.path, selection)],
      );
    onFigure({ svg, columns, width: second ? 900 : 830, height: 620 });
    return () => onFigure(null);
  }, [curves, x, xDomain, yDomain, second, xScale, yScale, xLabel, yLabel, errors, name, unit, selection, plot.title, dataset, source, state.zoom, onFigure]);

  const waiting = plot.axes[mapping.x] != null && values === null && curves.length === 0;
  return (
    <PlotFrame
      pending={loaded.pending}
      late={loaded.late}
      error={loaded.error}
      empty={curves.length === 0 || waiting}
      zoomed={state.zoom !== undefined}
      description={`${yLabel} against ${xLabel}, ${curves.length === 1 ? 'one curve' : `${curves.length} curves`} of ${size} points${second ? `; on the right ${second.label}` : ''}`}
      above={curves.length > 0 && !waiting && <Legend curves={curves} {...props} />}
      readout={<CurveReadout cursor={cursor} x={x} curves={curves} name={name} unit={values === null ? null : unit} names={source.names} />}
    >
      {curves.length > 0 && !waiting && (
        <>
          <VisCanvas
            aspect="auto"
            abscissaConfig={{ visDomain: xDomain, scaleType: SCALES[xScale], label: xLabel, showGrid: true, formatTick: xTicks }}
            ordinateConfig={{ visDomain: yDomain, scaleType: SCALES[yScale], label: yLabel, showGrid: true, formatTick: yTicks }}
          >
            <DefaultInteractions />
            <ZoomSync zoom={state.zoom} onZoom={onZoom} {...(second && { onView: setView })} />
            <CursorTracker cursor={cursor} />
            <PinchZoom />
            {drawn.map((curve) => (
              <OneCurve key={curve.label} curve={curve} errors={errors} type={counted && curve.x.length <= MARKED ? CurveType.GlyphsOnly : curveType(curve, modelled)} />
            ))}
          </VisCanvas>
          {second && <SecondAxis label={second.label} domain={rightDomain(view, second.domain, yDomain, yScale)} />}
          {other.problem && <OverlaidNotice text={other.problem} />}
        </>
      )}
    </PlotFrame>
  );
}

function rightDomain(view: View | null, right: Domain, left: Domain, scale: AxisScale): Domain {
  return view ? onRight([view.visible[1], view.visible[3]], right, left, scale) : right;
}

interface ReducedCurve {
  readonly label: string;
  readonly color: string;
  readonly beside: boolean;
  readonly x: number[];
  readonly y: number[];
  readonly errors: number[] | null;
  readonly xErrors: number[] | null;
}

function reduced(curve: DrawnCurve, x: Float64Array, from: number, to: number): ReducedCurve {
  const indices = decimate(curve.y, from, Math.min(to, curve.y.length - 1), BUCKETS);
  return {
    label: curve.label,
    color: curve.color,
    beside: curve.beside,
    x: [...pick(x, indices)],
    y: [...pick(curve.y, indices)],
    errors: curve.errors ? [...pick(curve.errors, indices)] : null,
    xErrors: curve.xErrors ? [...pick(curve.xErrors, indices)] : null,
  };
}

/** Few points are marked; data that a model is drawn beside are points alone, and the model is a line alone. */
function curveType(curve: ReducedCurve, modelled: boolean): CurveType {
  if (curve.beside || curve.x.length > MARKED) return CurveType.LineOnly;
  return modelled && curve.errors ? CurveType.GlyphsOnly : CurveType.LineAndGlyphs;
}

function OneCurve({ curve, errors, type }: { curve: ReducedCurve; errors: 'bars' | 'band' | 'none'; type: CurveType }) {
  const { x, y, color } = curve;
  return (
    <>
      {errors === 'band' && curve.errors && <ErrorBand x={x} y={y} errors={curve.errors} color={color} />}
      {errors === 'bars' && curve.xErrors && <WidthBars x={x} y={y} widths={curve.xErrors} color={color} />}
      <DataCurve
        abscissas={x}
        ordinates={y}
        color={color}
        width={2}
        curveType={type}
        glyphSize={6}
        {...(errors === 'bars' && curve.errors && { errors: curve.errors, showErrors: true })}
      />
    </>
  );
}
