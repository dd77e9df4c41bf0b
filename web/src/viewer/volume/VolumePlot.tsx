/** A volume seen from outside: rays marched through bricks, with opacity, threshold and colours to choose. */

import { Button } from '@mantine/core';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { validDomain } from '../core/contrast';
import { valueLabel } from '../core/format';
import type { Domain } from '../core/numbers';
import type { Camera } from '../core/state';
import { captionLines } from '../figure/captions';
import { barTicks } from '../figure/barTicks';
import { sceneFigureSvg } from '../figure/svg';
import { ColorScaleBar } from '../image/ColorScaleBar';
import { colorAt } from '../image/frameMaterial';
import { imageAxis } from '../plots/axes';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';
import { contrastOf } from '../through/picture';
import { boxLines } from './box';
import { halfSizes, raysOf, START } from './camera';
import { NoWebGl, VolumeRenderer } from './renderer';
import { Scenery } from './Scenery';
import { VolumePanel } from './VolumePanel';
import { useVoxels } from './useVoxels';
import { toBytes } from './voxels';
import styles from './volume.module.css';

const SETTLED_MS = 160;
const OPACITY = 0.35;
const THRESHOLD = 0.15;
const LONGEST = 2048;

export function VolumePlot(props: PlotProps) {
  const { source, axes, state, onStateChange, onChosen, onFigure, dataset } = props;
  const rank = source.shape.length;
  const outer = props.slice.slice(0, rank - 3);
  const { x, y, z } = useAxes(axes, rank);
  const half = useMemo(
    () => halfSizes([x, y, z].map(({ domain }) => domain[1] - domain[0]) as never, [x, y, z].map(({ isIndex, unit }) => (isIndex ? null : unit)), [x.size, y.size, z.size]),
    [x, y, z],
  );
  const loaded = useVoxels(source, outer, LONGEST);
  const { voxels, version, sample } = loaded;
  const contrast = useMemo(() => contrastOf(sample ?? [], state.scale), [sample, state.scale]);
  const { scale } = contrast;
  const domain = useMemo<Domain>(() => (state.domain ? validDomain(state.domain, scale, contrast.domain[1] / 1e3) : contrast.domain), [state.domain, scale, contrast.domain]);
  const [map, invert] = [state.map ?? 'viridis', state.invert ?? false];
  const maximum = state.projection === 'maximum';
  const opacity = state.opacity ?? OPACITY;
  const threshold = state.threshold ?? THRESHOLD;
  useEffect(() => onChosen({ scale, ...(sample && { domain }) }), [onChosen, scale, domain, sample]);

  const canvas = useRef<HTMLCanvasElement>(null);
  const [renderer, setRenderer] = useState<VolumeRenderer | null>(null);
  const [trouble, setTrouble] = useState<Error | null>(null);
  const [attempt, setAttempt] = useState(0);
  const hasVoxels = voxels !== null;
  useEffect(() => {
    const element = canvas.current;
    if (!element || !hasVoxels) return;
    let made: VolumeRenderer | null = null;
    try {
      made = new VolumeRenderer(element);
      setRenderer(made);
    } catch (error) {
      if (!(error instanceof NoWebGl)) throw error;
      setTrouble(error);
    }
    const lost = (event: Event) => event.preventDefault();
    const restored = () => setAttempt((before) => before + 1);
    element.addEventListener('webglcontextlost', lost);
    element.addEventListener('webglcontextrestored', restored);
    return () => {
      made?.dispose();
      setRenderer(null);
      element.removeEventListener('webglcontextlost', lost);
      element.removeEventListener('webglcontextrestored', restored);
    };
  }, [attempt, hasVoxels]);

  const [camera, setCamera] = useCamera(state.camera, (next) => onStateChange({ camera: next }));
  const [size, setSize] = useState({ width: 0, height: 0 });
  const aspect = size.height > 0 ? size.width / size.height : 1;
  const rays = useMemo(() => raysOf(camera, aspect), [camera, aspect]);
  const [fine, setFine] = useState(false);

  // Bytes for the graphics are made again when voxels come or the contrast changes.
  const bytes = useRef(new Uint8Array());
  const [uploaded, setUploaded] = useState(0);
  useEffect(() => {
    if (!renderer || !voxels) return;
    const frame = requestAnimationFrame(() => {
      if (bytes.current.length !== voxels.values.length) bytes.current = new Uint8Array(voxels.values.length);
      toBytes(voxels, domain, scale, bytes.current);
      renderer.setVolume(voxels.size, bytes.current);
      setUploaded((before) => before + 1);
    });
    return () => cancelAnimationFrame(frame);
  }, [renderer, voxels, version, domain, scale]);

  useEffect(() => {
    if (!renderer || size.width === 0 || uploaded === 0) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    renderer.resize(Math.round(size.width * ratio), Math.round(size.height * ratio));
    renderer.setColors(Uint8Array.from(Array.from({ length: 256 }, (_, i) => rgb(colorAt(map, invert, i / 255))).flat()));
    const scene = { rays, halfSize: half, opacity, threshold, maximum };
    let cancelled = false;
    const frame = requestAnimationFrame(() => {
      renderer.drawQuickly(scene);
      setFine(false);
    });
    const timer = setTimeout(() => {
      void renderer.drawFinely(scene).then((done) => !cancelled && setFine(done));
    }, SETTLED_MS);
    return () => {
      cancelled = true;
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [renderer, size, rays, half, opacity, threshold, maximum, map, invert, uploaded]);

  const box = useMemo(() => boxLines({ half, rays, axes: [x, y, z], ...size }), [half, rays, x, y, z, size]);
  useEffect(() => {
    if (!fine) return;
    const svg = () =>
      sceneFigureSvg({
        title: dataset.title,
        caption: captionLines(dataset, source.path, outer.length > 0 ? [...outer, ':', ':', ':'].join(',') : null),
        image: canvas.current?.toDataURL('image/png') ?? '',
        size,
        lines: box.lines,
        labels: box.labels,
        bar: {
          colors: Array.from({ length: 33 }, (_, i) => colorAt(map, invert, i / 32)),
          ticks: barTicks(domain, scale, 7).filter(({ label }) => label),
          label: valueLabel(source),
        },
      });
    onFigure({ svg, width: size.width, height: size.height });
    return () => onFigure(null);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the indices count by their numbers
  }, [fine, box, size, dataset, source, outer.join(), map, invert, domain, scale, onFigure]);

  if (trouble) {
    return (
      <div className={styles.trouble} role="alert">
        <p>{trouble.message}</p>
        <p>Three slices through the same volume need less.</p>
        <Button size="xs" onClick={() => onStateChange({ vis: 'slices' })}>
          Show slices
        </Button>
      </div>
    );
  }
  const done = voxels ? voxels.done / voxels.bricks : 0;
  return (
    <PlotFrame
      pending={loaded.pending}
      late={false}
      error={loaded.error}
      empty={!voxels}
      drawing
      description={`Volume of ${source.path}, ${x.size} by ${y.size} by ${z.size} voxels`}
      side={
        <VolumePanel
          sample={sample}
          domain={domain}
          scale={scale}
          map={map}
          invert={invert}
          maximum={maximum}
          opacity={opacity}
          threshold={threshold}
          automatic={state.domain === undefined}
          onStateChange={onStateChange}
        />
      }
    >
      {voxels && (
        <>
          <Scenery
            canvas={canvas}
            key={attempt}
            camera={camera}
            onCamera={setCamera}
            onSize={setSize}
            size={size}
            box={box}
            fine={fine}
            name={`Volume of ${source.path}`}
            said={`${voxels.factor === 1 ? 'Every voxel' : `Each voxel is the largest of ${voxels.factor} × ${voxels.factor} × ${voxels.factor}`}${done < 1 ? ` · ${Math.floor(done * 100)} % loaded` : ''}`}
          />
          <ColorScaleBar domain={domain} scale={scale} map={map} invert={invert} label={valueLabel(source)} saturation={null} />
        </>
      )}
    </PlotFrame>
  );
}

/** The camera at once here, in the state when it stands still; taken over when the state changes by itself. */
function useCamera(given: Camera | undefined, report: (camera: Camera) => void): [Camera, (next: Camera) => void] {
  const [held, setHeld] = useState<{ camera: Camera; given: string }>({ camera: given ?? START, given: String(given) });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const reporter = useRef(report);
  useEffect(() => {
    reporter.current = report;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  if (String(given) !== held.given) setHeld({ camera: given ?? START, given: String(given) });
  const change = useCallback((next: Camera) => {
    const camera = next.map((value) => Number(value.toPrecision(5))) as Camera;
    setHeld((before) => ({ ...before, camera }));
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setHeld((before) => ({ ...before, given: String(camera) }));
      reporter.current(camera);
    }, SETTLED_MS);
  }, []);
  return [held.camera, change];
}

function useAxes(axes: PlotProps['axes'], rank: number) {
  const z = useAxis(axes[rank - 3]);
  const y = useAxis(axes[rank - 2]);
  const x = useAxis(axes[rank - 1]);
  return { x, y, z };
}

function useAxis(info: PlotProps['axes'][number] | undefined) {
  const { path = null, name = '', unit = null, size = 1, values = null, labels = null } = info ?? {};
  return useMemo(() => imageAxis({ path, name, unit, size, values, labels }), [path, name, unit, size, values, labels]);
}

/** 'rgb(r, g, b)' or '#rrggbb' as three bytes. */
function rgb(css: string): number[] {
  const hex = /^#(..)(..)(..)$/.exec(css);
  return hex ? hex.slice(1).map((part) => parseInt(part, 16)) : (css.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => Math.round(Number(part)));
}
