/** The plot of an image: frame, axes, zoom, overlays and the tools of the moment. */

import { DefaultInteractions, MouseButton, VisCanvas } from '@h5web/lib';
import type { ReactNode } from 'react';

import type { Box } from '../core/state';
import type { Rendered } from '../data/frameStore';
import { tickFormat, type PlotAxis } from '../plots/axes';
import type { CursorStore } from '../plots/cursor';
import { CursorTracker } from '../plots/CursorTracker';
import { PinchZoom } from '../plots/PinchZoom';
import { ZoomSync, type View } from '../plots/ZoomSync';
import { FrameMesh } from './FrameMesh';
import type { Look } from './frameMaterial';

export interface ImageCanvasProps {
  readonly overview: Rendered;
  readonly detail: Rendered | null;
  readonly look: Look;
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  readonly square: boolean;
  /** Row 0 at the top. */
  readonly top: boolean;
  readonly cursor: CursorStore;
  readonly zoom: Box | undefined;
  readonly onZoom: (zoom: Box | undefined) => void;
  readonly onView: (view: View) => void;
  /** The left button draws instead of moving the image. */
  readonly drawing: boolean;
  readonly children?: ReactNode;
}

export function ImageCanvas(props: ImageCanvasProps) {
  const { overview, detail, look, xAxis, yAxis, cursor } = props;
  return (
    <VisCanvas
      aspect={props.square ? 'equal' : 'auto'}
      abscissaConfig={{
        visDomain: xAxis.domain,
        isIndexAxis: xAxis.isIndex,
        label: xAxis.label,
        formatTick: tickFormat(xAxis),
      }}
      ordinateConfig={{
        visDomain: yAxis.domain,
        isIndexAxis: yAxis.isIndex,
        label: yAxis.label,
        flip: props.top,
        formatTick: tickFormat(yAxis),
      }}
    >
      <DefaultInteractions
        pan={props.drawing ? { button: MouseButton.Middle } : { button: [MouseButton.Left, MouseButton.Middle] }}
        {...(props.drawing && { selectToZoom: false as const })}
      />
      <ZoomSync zoom={props.zoom} onZoom={props.onZoom} onView={props.onView} />
      <CursorTracker cursor={cursor} />
      {!props.drawing && <PinchZoom />}
      <FrameMesh rendered={overview} look={look} xAxis={xAxis} yAxis={yAxis} />
      {detail && <FrameMesh rendered={detail} look={look} xAxis={xAxis} yAxis={yAxis} z={1} />}
      {props.children}
    </VisCanvas>
  );
}
