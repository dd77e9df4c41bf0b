/** The plot of an image: frame, axes, zoom, overlays and the tools of the moment. */

import { DefaultInteractions, MouseButton, VisCanvas } from '@h5web/lib';
import { memo, useMemo, type ReactNode } from 'react';

import type { Box } from '../core/state';
import type { Rendered } from '../data/frameStore';
import { tickFormat, type PlotAxis } from '../plots/axes';
import type { CursorStore } from '../plots/cursor';
import { CursorTracker } from '../plots/CursorTracker';
import { PinchZoom } from '../plots/PinchZoom';
import { ZoomSync, type View } from '../plots/ZoomSync';
import type { Feed } from './feed';
import { FrameMesh } from './FrameMesh';
import type { Look } from './frameMaterial';

export interface ImageCanvasProps {
  /** The first picture; those after it come through `feed`. */
  readonly first: Rendered;
  readonly feed: Feed<Rendered>;
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

/** Not rendered anew for every frame. */
export const ImageCanvas = memo(function ImageCanvas(props: ImageCanvasProps) {
  const { first, feed, detail, look, xAxis, yAxis, cursor } = props;
  const { top } = props;
  const abscissa = useMemo(
    () => ({ visDomain: xAxis.domain, isIndexAxis: xAxis.isIndex, label: xAxis.label, formatTick: tickFormat(xAxis) }),
    [xAxis],
  );
  const ordinate = useMemo(
    () => ({ visDomain: yAxis.domain, isIndexAxis: yAxis.isIndex, label: yAxis.label, flip: top, formatTick: tickFormat(yAxis) }),
    [yAxis, top],
  );
  return (
    <VisCanvas aspect={props.square ? 'equal' : 'auto'} abscissaConfig={abscissa} ordinateConfig={ordinate}>
      <DefaultInteractions
        pan={props.drawing ? { button: MouseButton.Middle } : { button: [MouseButton.Left, MouseButton.Middle] }}
        {...(props.drawing && { selectToZoom: false as const })}
      />
      <ZoomSync zoom={props.zoom} onZoom={props.onZoom} onView={props.onView} />
      <CursorTracker cursor={cursor} />
      {!props.drawing && <PinchZoom />}
      <FrameMesh rendered={first} feed={feed} look={look} xAxis={xAxis} yAxis={yAxis} />
      {detail && <FrameMesh rendered={detail} look={look} xAxis={xAxis} yAxis={yAxis} z={1} />}
      {props.children}
    </VisCanvas>
  );
});
