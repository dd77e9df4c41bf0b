/** One of three slices: picture, axes, cross-hair. Left button: cross-hair; wheel: next slice; Ctrl-wheel: zoom; middle: move. */

import { MouseButton, Pan, SvgElement, useCanvasEvent, useVisCanvasContext, VisCanvas, Zoom } from '@h5web/lib';
import { useEffect, useMemo, useRef, useState } from 'react';

import type { ComplexPart } from '../core/complex';
import { clamp } from '../core/numbers';
import type { Box } from '../core/state';
import { frameClient } from '../data/frameClient';
import type { Rendered, RuleSource } from '../data/frameStore';
import type { ArraySource } from '../data/types';
import { useLatest } from '../data/useLatest';
import { FrameMesh } from '../image/FrameMesh';
import type { Look } from '../image/frameMaterial';
import { useScreenPoints } from '../image/overlays';
import { frameSource } from '../image/useFrames';
import { overviewFactor } from '../image/view';
import { tickFormat, wantsSquarePixels, type PlotAxis } from '../plots/axes';
import { PinchZoom } from '../plots/PinchZoom';
import { ZoomSync, type View } from '../plots/ZoomSync';
import type { Plane } from './dimensions';
import type { PaneState } from './SlicesPlot';
import styles from './volume.module.css';

export interface SlicePaneProps {
  readonly plane: Plane;
  readonly source: ArraySource;
  readonly mapping: { readonly x: number; readonly y: number };
  readonly across: number;
  readonly position: readonly number[];
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  readonly acrossAxis: PlotAxis;
  readonly part: ComplexPart | null;
  readonly rules: RuleSource;
  readonly look: Look;
  readonly top: boolean;
  readonly zoom: Box | undefined;
  readonly onZoom: ((zoom: Box | undefined) => void) | undefined;
  readonly onMove: (changes: readonly (readonly [dimension: number, index: number])[]) => void;
  readonly onState: (plane: Plane, state: PaneState) => void;
  readonly onRendered: (plane: Plane, rendered: Rendered) => void;
}

const NAMES: Record<Plane, string> = { front: 'Front', top: 'Top', side: 'Side' };
const nothing = () => undefined;

export function SlicePane(props: SlicePaneProps) {
  const { plane, source, mapping, across, position, xAxis, yAxis, part, rules, look, onState, onRendered } = props;
  const [view, setView] = useState<View | null>(null);
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  // Zoomed in, the whole plane is there at full resolution: planes are small beside the volume.
  const factor = view?.zoomed ? 1 : overviewFactor(yAxis.size, xAxis.size, view, ratio);
  const at = position.map((index, dimension) => (dimension === mapping.x || dimension === mapping.y ? 0 : index)).join(',');
  const { x, y } = mapping;
  const job = useMemo(
    () => ({ source: frameSource(source, { x, y }, at.split(',').map(Number), part), rules, block: null, factor }),
    [source, x, y, at, part, rules, factor],
  );
  const latest = useLatest(job, (ask, signal) => frameClient().ask('render', ask, signal));
  const { pending, error, value: rendered } = latest;
  useEffect(() => onState(plane, { pending, error }), [onState, plane, pending, error]);
  useEffect(() => {
    if (rendered) onRendered(plane, rendered);
  }, [onRendered, plane, rendered]);
  const square = wantsSquarePixels(xAxis, yAxis, source.kind);
  const index = position[across] ?? 0;
  const name = `${NAMES[plane]}: ${yAxis.name} against ${xAxis.name} at ${props.acrossAxis.name} ${index}`;
  return (
    <div className={styles.pane} role="group" aria-label={name} data-plane={plane} data-late={latest.late ? '' : undefined} data-touch>
      <VisCanvas
        aspect={square ? 'equal' : 'auto'}
        abscissaConfig={{ visDomain: xAxis.domain, isIndexAxis: xAxis.isIndex, label: xAxis.label, formatTick: tickFormat(xAxis) }}
        ordinateConfig={{ visDomain: yAxis.domain, isIndexAxis: yAxis.isIndex, label: yAxis.label, flip: props.top && plane !== 'top', formatTick: tickFormat(yAxis) }}
      >
        <Pan button={[MouseButton.Middle]} />
        <Zoom modifierKey="Control" />
        <PinchZoom />
        <ZoomSync zoom={props.zoom} onZoom={props.onZoom ?? nothing} onView={setView} />
        {rendered && <FrameMesh rendered={rendered} look={look} xAxis={xAxis} yAxis={yAxis} />}
        <CrossHair {...props} />
      </VisCanvas>
    </div>
  );
}

const WHEEL_STEP = 60;

function CrossHair({ mapping, across, position, xAxis, yAxis, acrossAxis, onMove }: SlicePaneProps) {
  const { canvasSize, canvasArea } = useVisCanvasContext();
  const dragging = useRef<number | null>(null);
  const turned = useRef(0);
  const [column, row] = [position[mapping.x] ?? 0, position[mapping.y] ?? 0];
  const points = useMemo(() => [[column + 0.5, row + 0.5] as const], [column, row]);
  const [centre] = useScreenPoints(points, { xAxis, yAxis });

  const go = (point: { x: number; y: number }) =>
    onMove([
      [mapping.x, clamp(Math.floor(xAxis.toPixel(point.x)), 0, xAxis.size - 1)],
      [mapping.y, clamp(Math.floor(yAxis.toPixel(point.y)), 0, yAxis.size - 1)],
    ]);
  useCanvasEvent('pointerdown', ({ dataPt, sourceEvent }) => {
    if (sourceEvent.button !== 0 || !sourceEvent.isPrimary || sourceEvent.ctrlKey) return;
    dragging.current = sourceEvent.pointerId;
    go(dataPt);
  });
  useCanvasEvent('pointermove', ({ dataPt, sourceEvent }) => {
    if (dragging.current === sourceEvent.pointerId && sourceEvent.buttons !== 0) go(dataPt);
  });
  useCanvasEvent('wheel', ({ sourceEvent }) => {
    if (sourceEvent.ctrlKey) return;
    sourceEvent.preventDefault();
    turned.current += sourceEvent.deltaY;
    const steps = Math.trunc(turned.current / WHEEL_STEP);
    turned.current -= steps * WHEEL_STEP;
    if (steps !== 0) onMove([[across, clamp((position[across] ?? 0) + steps * (sourceEvent.shiftKey ? 10 : 1), 0, acrossAxis.size - 1)]]);
  });
  useEffect(() => {
    // A second finger zooms: the first one stops moving the cross-hair.
    const stop = (event: PointerEvent) => {
      if (event.type === 'pointerup' || !event.isPrimary) dragging.current = null;
    };
    canvasArea.addEventListener('pointerdown', stop);
    window.addEventListener('pointerup', stop);
    return () => {
      canvasArea.removeEventListener('pointerdown', stop);
      window.removeEventListener('pointerup', stop);
    };
  }, [canvasArea]);

  if (!centre) return null;
  const [x, y] = centre;
  const { width, height } = canvasSize;
  const path = `M0,${y}H${x - 8}M${x + 8},${y}H${width}M${x},0V${y - 8}M${x},${y + 8}V${height}`;
  return (
    <SvgElement>
      <g data-overlay="cross-hair">
        <path d={path} stroke="#000" strokeWidth={3} opacity={0.45} />
        <path d={path} stroke="#fff" strokeWidth={1} />
      </g>
    </SvgElement>
  );
}
