/** The heat map: detector frames, maps and every other pair of dimensions. */

import { useCallback, useEffect, useLayoutEffect, useMemo, useState } from 'react';

import { parseRings } from '../core/calibrants';
import { isNumeric } from '../core/dtype';
import { valueLabel } from '../core/format';
import type { Box, ViewerState } from '../core/state';
import { DetectorGeometry } from '../core/geometry';
import { safeSlice, selectionText } from '../core/selection';
import { sentinelsOf, type RuleSource } from '../data/frameStore';
import { numberAttribute, useGeometry, useNode } from '../data/queries';
import { binaryUrl } from '../data/requests';
import { MaskCanvas } from '../mask/MaskCanvas';
import { MaskDrawing } from '../mask/drawing';
import { imageAxis, wantsSquarePixels } from '../plots/axes';
import { CursorStore } from '../plots/cursor';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';
import type { View } from '../plots/ZoomSync';
import { ColorScaleBar } from './ColorScaleBar';
import { DrawTool } from './DrawTool';
import { ImageCanvas } from './ImageCanvas';
import { ImagePanels } from './ImagePanels';
import { ImageReadout } from './ImageReadout';
import { BeamCentre, PixelMark, ProfileLine, RegionBox, Rings } from './overlays';
import { PickTool } from './PickTool';
import { useContrast } from './useContrast';
import { frameSource, useFrames } from './useFrames';
import { useImageFigure } from './useImageFigure';
import { detailOf, overviewFactor } from './view';

export function ImagePlot(props: PlotProps) {
  const { source, plot, axes, state, onStateChange, dataset } = props;
  const { x, y } = props.mapping;
  const mapping = useMemo(() => ({ x, y: y ?? 0 }), [x, y]);
  const [view, setView] = useState<View | null>(null);
  const [cursor] = useState(() => new CursorStore());
  const ratio = Math.min(window.devicePixelRatio || 1, 2);

  const xAxis = useAxis(axes[mapping.x]);
  const yAxis = useAxis(axes[mapping.y]);
  const rows = yAxis.size;
  const columns = xAxis.size;

  const geometryQuery = useGeometry(source, source.path, isNumeric(source.dtype));
  const lastTwo = mapping.x === source.shape.length - 1 && mapping.y === source.shape.length - 2;
  const geometry = useMemo(
    () => (geometryQuery.data && lastTwo ? new DetectorGeometry(geometryQuery.data) : null),
    [geometryQuery.data, lastTwo],
  );
  const node = useNode(source, source.path);
  const saturation = numberAttribute(node.data?.attributes, 'saturation_value');

  const maskPath = geometryQuery.data?.mask ?? null;
  const maskOn = state.mask ?? true;
  const [serverSentinel, setServerSentinel] = useState<number | null>(null);
  const sentinels = sentinelsOf(source.dtype, serverSentinel).join(' ');
  const rules = useMemo<RuleSource>(
    () => ({
      sentinels: sentinels.split(' ').filter(Boolean).map(Number),
      maskUrl: maskOn && maskPath && lastTwo ? binaryUrl(source.pid, maskPath, null) : null,
    }),
    [sentinels, source.pid, maskOn, maskPath, lastTwo],
  );

  const { pace } = props;
  const onArrival = useCallback((job: object) => pace.came(job), [pace]);
  const factor = overviewFactor(rows, columns, view, ratio);
  const detail = useMemo(() => detailOf(view, xAxis, yAxis, factor, ratio), [view, xAxis, yAxis, factor, ratio]);
  const frames = useFrames({ source, mapping, slice: props.slice, part: state.part ?? null, rules, factor, detail, onArrival });
  const sliceKey = safeSlice(source.shape, props.slice).join(',');
  const frame = useMemo(
    () => frameSource(source, mapping, props.slice, state.part ?? null),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the slice counts by its indices
    [source, mapping, sliceKey, state.part],
  );
  const errors = useMemo(
    () => (plot.errors ? frameSource({ ...source, path: plot.errors }, mapping, props.slice, null) : null),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the slice counts by its indices
    [plot.errors, source, mapping, sliceKey],
  );

  const selection = selectionText(source.shape, mapping, props.slice);
  const contrast = useContrast({ source, selection, frame, rules, state, epoch: props.epoch });
  const sentinel = contrast.serverStats?.sentinel ?? null;
  if (sentinel !== serverSentinel) setServerSentinel(sentinel);

  const { map } = contrast;
  const invert = state.invert ?? false;
  const look = useMemo(
    () => ({ map, invert, scale: contrast.scale, domain: contrast.domain, saturation }),
    [map, invert, contrast.scale, contrast.domain, saturation],
  );

  const editing = state.panel === 'mask';
  const drawing = useMemo(() => (editing ? new MaskDrawing(rows, columns) : null), [editing, rows, columns]);
  const spacings = useMemo(() => (state.rings ? parseRings(state.rings) : null), [state.rings]);
  const drawShape = drawnShape(state);
  // Images without axis values have row 0 at the top, as cameras and detectors show them; maps grow upwards.
  const top = state.top ?? (yAxis.isIndex && source.kind !== 'spectra_map');
  const square = wantsSquarePixels(xAxis, yAxis, source.kind);
  const { onChosen } = props;
  const { scale, domain, ready: hasContrast } = contrast;
  useEffect(() => onChosen({ scale, top, ...(hasContrast && { domain, map }) }), [onChosen, scale, top, domain, map, hasContrast]);
  const onZoom = useCallback((zoom: Box | undefined) => onStateChange({ zoom }), [onStateChange]);

  useImageFigure({ ...props, detail: frames.detail, shown: frames.shown, feed: frames.feed, look, xAxis, yAxis, square, top, selection });

  const { pending } = frames.overview;
  useLayoutEffect(() => {
    if (pending) pace.wants(frames.wanted);
    else pace.settle();
  }, [pace, pending, frames.wanted]);

  const { shown } = frames;
  const ready = shown !== null && contrast.ready;
  // Kept as long as there is a picture: the plot is not rendered for every frame.
  const [first, setFirst] = useState(shown);
  if (first === null && shown !== null) setFirst(shown);
  const { region, profile, follow, pixel } = state;
  const overlays = useMemo(
    () => (
      <>
        {geometry && <BeamCentre geometry={geometry} xAxis={xAxis} yAxis={yAxis} />}
        {geometry && spacings && <Rings geometry={geometry} spacings={spacings} xAxis={xAxis} yAxis={yAxis} />}
        {region && <RegionBox box={region} xAxis={xAxis} yAxis={yAxis} />}
        {profile && <ProfileLine line={profile} xAxis={xAxis} yAxis={yAxis} />}
        {follow === 'pixel' && pixel && <PixelMark pixel={pixel} xAxis={xAxis} yAxis={yAxis} />}
        {drawShape === 'pick' && (
          <PickTool
            xAxis={xAxis}
            yAxis={yAxis}
            onPixel={(picked) => onStateChange({ pixel: picked, follow: 'pixel' })}
            onRegion={(picked) => onStateChange({ region: picked, follow: 'region' })}
          />
        )}
        {drawShape && drawShape !== 'pick' && (
          <DrawTool key={drawShape} shape={drawShape} xAxis={xAxis} yAxis={yAxis} onDrawn={(box) => onStateChange({ [drawShape]: box })} />
        )}
        {drawing && <MaskCanvas key={`${rows} ${columns}`} drawing={drawing} xAxis={xAxis} yAxis={yAxis} />}
      </>
    ),
    [geometry, spacings, region, profile, follow, pixel, drawShape, drawing, rows, columns, xAxis, yAxis, onStateChange],
  );
  return (
    <PlotFrame
      pending={pending || !ready}
      late={frames.overview.late}
      error={frames.overview.error}
      empty={!ready}
      drawing={drawShape !== null || editing}
      zoomed={state.zoom !== undefined}
      description={`Image of ${source.path}, ${columns} by ${rows} pixels`}
      readout={
        <ImageReadout
          cursor={cursor}
          xAxis={xAxis}
          yAxis={yAxis}
          frame={frame}
          errors={errors}
          rules={rules}
          saturation={saturation}
          unit={source.unit}
          geometry={geometry}
        />
      }
      side={
        state.panel && (
          <ImagePanels
            panel={state.panel}
            source={source}
            frame={frame}
            rules={rules}
            contrast={contrast}
            map={map}
            invert={invert}
            state={state}
            onStateChange={onStateChange}
            rows={rows}
            columns={columns}
            drawing={drawing}
            maySave={dataset.may_write}
          />
        )
      }
    >
      {ready && (
        <>
          <ImageCanvas
            key={`${mapping.x} ${mapping.y}`}
            first={first ?? shown}
            feed={frames.feed}
            detail={frames.detail}
            look={look}
            xAxis={xAxis}
            yAxis={yAxis}
            square={square}
            top={top}
            cursor={cursor}
            zoom={state.zoom}
            onZoom={onZoom}
            onView={setView}
            drawing={drawShape !== null || editing}
          >
            {overlays}
          </ImageCanvas>
          <ColorScaleBar domain={contrast.domain} scale={contrast.scale} map={map} invert={invert} label={valueLabel(source)} saturation={saturation} />
        </>
      )}
    </PlotFrame>
  );
}

/** What the left button draws: the shape of the open panel, else what is followed through the stack. */
function drawnShape({ panel, follow }: ViewerState): 'region' | 'profile' | 'pick' | null {
  if (panel === 'region' || panel === 'profile') return panel;
  if (panel === 'mask' || !follow) return null;
  return follow === 'line' ? 'profile' : 'pick';
}

function useAxis(info: PlotProps['axes'][number] | undefined) {
  const { path = null, name = '', unit = null, size = 1, values = null, labels = null } = info ?? {};
  return useMemo(() => imageAxis({ path, name, unit, size, values, labels }), [path, name, unit, size, values, labels]);
}
