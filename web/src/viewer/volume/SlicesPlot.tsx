/** Three slices at right angles through a volume; one cross-hair moves through all of them. */

import { useCallback, useEffect, useMemo, useState } from 'react';

import type { ComplexPart } from '../core/complex';
import { formatNumber, formatUncertain, valueLabel, withUnit } from '../core/format';
import { isNumeric } from '../core/dtype';
import { frameClient } from '../data/frameClient';
import { sentinelsOf, type RuleSource } from '../data/frameStore';
import { useGeometry } from '../data/queries';
import { binaryUrl } from '../data/requests';
import type { ArraySource } from '../data/types';
import { useLatest } from '../data/useLatest';
import { ColorScaleBar } from '../image/ColorScaleBar';
import { useContrast } from '../image/useContrast';
import { frameSource } from '../image/useFrames';
import { selectionText } from '../core/selection';
import { imageAxis, type PlotAxis } from '../plots/axes';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';
import { planeOf, PLANES, positionOf, threeOf, type Plane, type Three } from './dimensions';
import { SlicePane } from './SlicePane';
import { useSlicesFigure } from './useSlicesFigure';
import styles from './volume.module.css';

export function SlicesPlot(props: PlotProps) {
  const three = threeOf(props.source.shape, props.state);
  return three && <Slices {...props} three={three} />;
}

function Slices(props: PlotProps & { three: Three }) {
  const { source, state, axes, onStateChange, onChosen, three } = props;
  const position = positionOf(source.shape, state.slice);
  const part = state.part ?? null;
  const geometry = useGeometry(source, source.path, isNumeric(source.dtype));
  const [serverSentinel, setServerSentinel] = useState<number | null>(null);
  const sentinels = sentinelsOf(source.dtype, serverSentinel).join(' ');
  const maskPath = (state.mask ?? true) ? (geometry.data?.mask ?? null) : null;
  const lastTwo = three.x === source.shape.length - 1 && three.y === source.shape.length - 2;
  const rules = useMemo<RuleSource>(() => ({ sentinels: sentinels.split(' ').filter(Boolean).map(Number), maskUrl: null }), [sentinels]);
  const frontRules = useMemo<RuleSource>(
    () => ({ ...rules, maskUrl: maskPath && lastTwo ? binaryUrl(source.pid, maskPath, null) : null }),
    [rules, maskPath, lastTwo, source.pid],
  );

  const positionKey = position.join(',');
  const front = useFront(source, three, positionKey, part);
  const frontPlane = planeOf(three, 'front');
  const selection = selectionText(source.shape, frontPlane, position);
  const contrast = useContrast({ source, selection, frame: front, rules: frontRules, state, epoch: props.epoch });
  const sentinel = contrast.serverStats?.sentinel ?? null;
  if (sentinel !== serverSentinel) setServerSentinel(sentinel);

  const [map, invert] = [contrast.map, state.invert ?? false];
  const look = useMemo(
    () => ({ map, invert, scale: contrast.scale, domain: contrast.domain, saturation: null }),
    [map, invert, contrast.scale, contrast.domain],
  );
  const plotAxes = useThreeAxes(axes, three);
  const top = state.top ?? (plotAxes.y.isIndex && plotAxes.z.isIndex);
  const { scale, domain, ready } = contrast;
  useEffect(() => onChosen({ scale, top, ...(ready && { domain, map }) }), [onChosen, scale, top, domain, map, ready]);

  const move = useCallback(
    (changes: readonly (readonly [dimension: number, index: number])[]) =>
      onStateChange({ slice: positionKey.split(',').map((before, d) => changes.find(([dimension]) => dimension === d)?.[1] ?? Number(before)) }),
    [onStateChange, positionKey],
  );

  const column = position[three.x] ?? 0;
  const row = position[three.y] ?? 0;
  const valueJob = useMemo(() => ({ source: front, row, column }), [front, row, column]);
  const value = useLatest(valueJob, (job, signal) => frameClient().ask('value', job, signal), 1).value;
  const figure = useSlicesFigure({ ...props, three, plotAxes, position, look, top });
  const [states, setStates] = useState<Partial<Record<Plane, PaneState>>>({});
  const report = useCallback((plane: Plane, next: PaneState) => setStates((before) => ({ ...before, [plane]: next })), []);
  const all = PLANES.map((plane) => states[plane]);
  return (
    <PlotFrame
      pending={all.some((pane) => !pane || pane.pending) || !ready}
      late={false}
      error={all.find((pane) => pane?.error)?.error ?? null}
      empty={!ready}
      description={`Three slices through ${source.path}`}
      drawing
    >
      {ready && (
        <div className={styles.slices}>
          {PLANES.map((plane) => {
            const { x, y, across } = planeOf(three, plane);
            return (
              <SlicePane
                key={`${plane} ${x} ${y}`}
                plane={plane}
                source={source}
                mapping={{ x, y }}
                across={across}
                position={position}
                xAxis={axisOf(plotAxes, three, x)}
                yAxis={axisOf(plotAxes, three, y)}
                acrossAxis={axisOf(plotAxes, three, across)}
                part={part}
                rules={plane === 'front' ? frontRules : rules}
                look={look}
                top={top}
                zoom={plane === 'front' ? state.zoom : undefined}
                onZoom={plane === 'front' ? (zoom) => onStateChange({ zoom }) : undefined}
                onMove={move}
                onState={report}
                onRendered={figure.onRendered}
              />
            );
          })}
          <div className={styles.where} aria-live="polite">
            <dl>
              {(['x', 'y', 'z'] as const).map((name) => (
                <Place key={name} axis={plotAxes[name]} index={position[three[name]] ?? 0} />
              ))}
              <dt>value</dt>
              <dd>
                <strong>{value === null ? '…' : Number.isNaN(value) || rules.sentinels.includes(value) ? 'no value' : withUnit(formatUncertain(value, null), source.unit)}</strong>
              </dd>
            </dl>
            <p className={styles.hint}>Drag to move the cross-hair. Wheel: the next slice. Ctrl-wheel: zoom.</p>
          </div>
          <div className={styles.bar}>
            <ColorScaleBar domain={domain} scale={scale} map={map} invert={invert} label={valueLabel(source)} saturation={null} />
          </div>
        </div>
      )}
    </PlotFrame>
  );
}

function useFront(source: ArraySource, three: Three, position: string, part: ComplexPart | null) {
  const { x, y } = three;
  return useMemo(() => frameSource(source, { x, y }, position.split(',').map(Number), part), [source, x, y, position, part]);
}

export interface PaneState {
  readonly pending: boolean;
  readonly error: unknown;
}

function Place({ axis, index }: { axis: PlotAxis; index: number }) {
  const value = axis.nameOf?.(index) ?? null;
  const number = axis.valueAt(index);
  return (
    <>
      <dt>{axis.name}</dt>
      <dd>{`${index}${value ? ` · ${value}` : number === null ? '' : ` · ${withUnit(formatNumber(number), axis.unit)}`}`}</dd>
    </>
  );
}

export interface ThreeAxes {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly z: PlotAxis;
}

function axisOf(axes: ThreeAxes, three: Three, dimension: number): PlotAxis {
  return dimension === three.x ? axes.x : dimension === three.y ? axes.y : axes.z;
}

function useThreeAxes(axes: PlotProps['axes'], three: Three): ThreeAxes {
  const x = useAxis(axes[three.x]);
  const y = useAxis(axes[three.y]);
  const z = useAxis(axes[three.z]);
  return useMemo(() => ({ x, y, z }), [x, y, z]);
}

function useAxis(info: PlotProps['axes'][number] | undefined): PlotAxis {
  const { path = null, name = '', unit = null, size = 1, values = null, labels = null } = info ?? {};
  return useMemo(() => imageAxis({ path, name, unit, size, values, labels }), [path, name, unit, size, values, labels]);
}
