/** Below the image: how a pixel, a region or a line goes through the whole stack. */

import { ActionIcon, Button, Menu, NumberInput, SegmentedControl, Select, Tooltip } from '@mantine/core';
import { IconDownload, IconX } from '@tabler/icons-react';
import { useMemo, useState } from 'react';

import { parseDtype } from '../core/dtype';
import { axisLabel, baseName } from '../core/format';
import { at, clamp } from '../core/numbers';
import type { DimensionMapping } from '../core/selection';
import { FIGURES, type Box, type FigureName, type Followed, type ViewerState } from '../core/state';
import { plainTickLabel } from '../core/ticks';
import { curveOf, throughSelection, useThrough, type ThroughData, type ThroughJob } from '../data/through';
import { describeError } from '../data/requests';
import type { ArraySource, DatasetOut } from '../data/types';
import { barTicks } from '../figure/barTicks';
import { captionLines } from '../figure/captions';
import { seriesDomain } from '../figure/paths';
import { saveText, saveUrl, svgToPng } from '../figure/save';
import { curveFigureSvg, imageFigureSvg } from '../figure/svg';
import { colorAt } from '../image/frameMaterial';
import { imageAxis, type AxisInfo, type PlotAxis } from '../plots/axes';
import { FramePlot, markerText } from './FramePlot';
import { colorsOf, paintProfiles } from './picture';
import { throughCsv } from './csv';
import styles from './through.module.css';

export interface ThroughStripProps {
  readonly dataset: DatasetOut;
  readonly source: ArraySource;
  readonly axes: readonly AxisInfo[];
  readonly mapping: DimensionMapping;
  readonly sliced: readonly number[];
  readonly slice: readonly number[];
  readonly state: ViewerState;
  readonly follow: Followed;
  readonly onStateChange: (partial: Partial<ViewerState>) => void;
  readonly onIndex: (dimension: number, index: number) => void;
}

const FIGURE_NAMES: Record<FigureName, string> = { sum: 'Sum', mean: 'Mean', maximum: 'Maximum', minimum: 'Minimum' };
const HINTS: Record<Followed, string> = {
  pixel: 'Click a pixel of the image, or drag a region.',
  region: 'Drag a region on the image, or click a pixel.',
  line: 'Draw a line on the image.',
};

/** The dimension that is gone through: the wanted one where it is sliced, else the first with more than one frame. */
export function alongOf(source: ArraySource, sliced: readonly number[], wanted: number | undefined): number | null {
  const long = sliced.filter((dimension) => (source.shape[dimension] ?? 1) > 1);
  return long.find((dimension) => dimension === wanted) ?? long[0] ?? null;
}

function boxOf(follow: Followed, { pixel, region, profile }: ViewerState): Box | null {
  if (follow === 'pixel') return pixel ? [pixel[0], pixel[1], pixel[0] + 1, pixel[1] + 1] : null;
  return (follow === 'region' ? region : profile) ?? null;
}

export function ThroughStrip(props: ThroughStripProps) {
  const { source, axes, mapping, sliced, slice, state, follow, onStateChange } = props;
  const along = alongOf(source, sliced, state.along);
  const box = boxOf(follow, state);
  const others = slice.map((index, dimension) => (dimension === along ? 0 : index)).join(',');
  const { profileWidth: width = 1, mask: masked = true } = state;
  const boxKey = box?.join(',') ?? null;
  const job = useMemo<ThroughJob | null>(
    () =>
      along !== null && box && mapping.y !== null
        ? { source, follow, along, rows: mapping.y, columns: mapping.x, slice: others.split(',').map(Number), box, width: follow === 'line' ? width : 1, masked }
        : null,
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the box counts by its numbers
    [source, follow, along, mapping.x, mapping.y, others, boxKey, width, masked],
  );
  const { data, error, pending } = useThrough(job);
  const info = along === null ? undefined : axes[along];
  const axis = useMemo(() => (info ? imageAxis(info) : null), [info]);
  const isLine = follow === 'line';
  const fits = data !== null && job !== null && data.isLine === isLine;
  if (!axis || along === null) return null;
  return (
    <section className={styles.strip} aria-label="Through the stack" aria-busy={pending} data-ready={fits && !pending ? '' : undefined}>
      <div className={styles.controls}>
        <SegmentedControl
          size="xs"
          aria-label="What is followed through the stack"
          value={follow}
          onChange={(next) => onStateChange({ follow: next as Followed })}
          data={[
            { value: 'pixel', label: 'Pixel' },
            { value: 'region', label: 'Region' },
            { value: 'line', label: 'Line' },
          ]}
        />
        {follow === 'pixel' && <PixelInputs {...props} />}
        {follow === 'region' && (
          <Select
            size="xs"
            w={112}
            aria-label="Figure of the region"
            allowDeselect={false}
            value={state.figure ?? 'sum'}
            onChange={(figure) => onStateChange({ figure: figure as FigureName })}
            data={FIGURES.map((value) => ({ value, label: FIGURE_NAMES[value] }))}
          />
        )}
        {sliced.filter((dimension) => (source.shape[dimension] ?? 1) > 1).length > 1 && (
          <Select
            size="xs"
            w={130}
            aria-label="Dimension that is gone through"
            allowDeselect={false}
            value={String(along)}
            onChange={(next) => onStateChange({ along: Number(next) })}
            data={sliced.filter((dimension) => (source.shape[dimension] ?? 1) > 1).map((dimension) => ({ value: String(dimension), label: axes[dimension]?.name ?? String(dimension) }))}
          />
        )}
        <Drawn key={follow} {...props} data={fits ? data : null} job={job} axis={axis} along={along} pending={pending} error={error} />
      </div>
      <Body {...props} data={fits ? data : null} axis={axis} along={along} error={error} hasBox={box !== null} />
    </section>
  );
}

function PixelInputs({ source, mapping, state, onStateChange }: ThroughStripProps) {
  const [columns, rows] = [source.shape[mapping.x] ?? 1, source.shape[mapping.y ?? 0] ?? 1];
  const [column, row] = state.pixel ?? [NaN, NaN];
  const change = (next: Partial<{ column: number; row: number }>) =>
    onStateChange({ pixel: [clamp(next.column ?? (column || 0), 0, columns - 1), clamp(next.row ?? (row || 0), 0, rows - 1)] });
  const input = (label: string, value: number, max: number, set: (value: number) => void) => (
    <NumberInput
      size="xs"
      w={78}
      aria-label={label}
      placeholder={label}
      min={0}
      max={max}
      allowDecimal={false}
      value={Number.isNaN(value) ? '' : value}
      onChange={(next) => typeof next === 'number' && set(next)}
    />
  );
  return (
    <>
      {input('Column', column, columns - 1, (next) => change({ column: next }))}
      {input('Row', row, rows - 1, (next) => change({ row: next }))}
    </>
  );
}

interface PartProps extends ThroughStripProps {
  readonly data: ThroughData | null;
  readonly axis: PlotAxis;
  readonly along: number;
  readonly error: unknown;
}

/** What the curve is called, and its unit. */
function nameOf({ source, follow, state }: ThroughStripProps): { name: string; unit: string | null } {
  const value = source.title ?? baseName(source.path);
  if (follow === 'region') return { name: `${FIGURE_NAMES[state.figure ?? 'sum']} of ${value}`, unit: source.unit };
  if (follow === 'line') return { name: value, unit: source.unit };
  const part = parseDtype(source.dtype)?.type === 'complex' ? ', amplitude' : '';
  return { name: `${value}${part}`, unit: source.unit };
}

function useDrawing({ data, follow, state }: PartProps) {
  const figure = follow === 'pixel' ? 'mean' : (state.figure ?? 'sum');
  const curve = useMemo(() => (data && follow !== 'line' ? curveOf(data, figure) : null), [data, follow, figure]);
  const look = useMemo(() => {
    if (!data || follow !== 'line') return null;
    const found = colorsOf(data.values, state.scale);
    return { ...found, map: state.map ?? found.map, invert: state.invert ?? false } as const;
  }, [data, follow, state.map, state.invert, state.scale]);
  const picture = useMemo(() => (data && look ? paintProfiles(data, look) : null), [data, look]);
  return { curve, look, picture };
}

function Body(props: PartProps & { hasBox: boolean }) {
  const { data, axis, along, error, follow, state, slice, onIndex, hasBox } = props;
  const { curve, picture } = useDrawing(props);
  const yScale = follow !== 'line' && state.yScale === 'log' ? 'log' : 'linear';
  const index = slice[along] ?? 0;
  const { name, unit } = nameOf(props);
  if (error !== null && error !== undefined && !data) {
    const { what, remedy } = describeError(error);
    return <div className={styles.hint} role="alert" style={{ padding: 12 }}>{`${what} ${remedy ?? ''}`}</div>;
  }
  if (!hasBox) return <div className={styles.hint} style={{ padding: 12 }}>{HINTS[follow]}</div>;
  if (!data) return <div className={styles.plot} aria-busy="true" />;
  return (
    <FramePlot
      axis={axis}
      index={index}
      onIndex={(next) => onIndex(along, next)}
      curve={curve}
      picture={picture}
      yDomain={curve ? seriesDomain([curve], yScale) : [0, Math.max(data.perFrame - 1, 1)]}
      yScale={yScale}
      yLabel={follow === 'line' ? 'Distance (px)' : axisLabel(name, unit)}
      valueText={markerText(axis, index, curve ? at(curve, index) : null, unit)}
      title={`${follow === 'line' ? 'Profiles' : name} against ${axis.name}, ${axis.size} frames`}
    />
  );
}

/** The right end of the controls: how far it has come, log, save, close. */
function Drawn(props: PartProps & { job: ThroughJob | null; pending: boolean }) {
  const { data, axis, along, slice, follow, state, onStateChange, pending, job, dataset, source } = props;
  const [said, setSaid] = useState('');
  const { curve, look, picture } = useDrawing(props);
  const { name, unit } = nameOf(props);
  const index = slice[along] ?? 0;
  const yScale = state.yScale === 'log' ? 'log' : 'linear';
  const selection = job ? throughSelection(job, 0) : null;
  const caption = () => {
    const line = job && follow === 'line' ? ` line ${job.box.map((pixel) => pixel.toFixed(1)).join(', ')}` : '';
    const [first = '', ...rest] = captionLines(dataset, source.path, selection);
    return [`${first}${line}${props.state.mask === false ? ' · mask not applied' : ''}`, ...rest];
  };
  const svg = (): string => {
    const x = { label: axis.label, domain: axis.domain, scale: 'linear' as const, ...(axis.formatTick && { formatTick: axis.formatTick }) };
    if (curve) {
      const values = Float64Array.from({ length: axis.size }, (_, i) => axis.toCoordinate(i + 0.5));
      const y = { label: axisLabel(name, unit), domain: seriesDomain([curve], yScale), scale: yScale } as const;
      return curveFigureSvg({ title: dataset.title, caption: caption(), x, y, size: { width: 760, height: 420 }, curves: [{ x: values, y: curve, label: name, color: '#1764c0' }] });
    }
    return imageFigureSvg({
      title: dataset.title,
      caption: caption(),
      x,
      y: { label: 'Distance (px)', domain: [0, Math.max((data?.perFrame ?? 1) - 1, 1)], scale: 'linear', formatTick: plainTickLabel },
      image: picture?.toDataURL('image/png') ?? '',
      aspect: 1.6,
      bar: look && {
        colors: Array.from({ length: 33 }, (_, i) => colorAt(look.map, look.invert, i / 32)),
        ticks: barTicks(look.domain, look.scale, 7).filter(({ label }) => label),
        label: axisLabel(name, unit),
      },
    });
  };
  const file = `${baseName(dataset.pid)}_${baseName(source.path)}_${follow}`;
  const attempt = (done: string, action: () => Promise<void> | void) => () => {
    void Promise.resolve()
      .then(action)
      .then(
        () => setSaid(done),
        () => setSaid('The browser did not allow this.'),
      );
  };
  const frames = source.shape[along] ?? 0;
  const progress = data && pending ? `${data.done.toLocaleString('en')} of ${frames.toLocaleString('en')} frames …` : pending ? 'Reading …' : '';
  return (
    <>
      {follow !== 'line' && (
        <Button
          size="compact-sm"
          fw={500}
          variant={yScale === 'log' ? 'light' : 'subtle'}
          {...(yScale !== 'log' && { color: 'gray', c: 'var(--mantine-color-text)' })}
          aria-pressed={yScale === 'log'}
          onClick={() => onStateChange({ yScale: yScale === 'log' ? 'linear' : 'log' })}
        >
          log y
        </Button>
      )}
      <span className={styles.said} aria-live="polite">{progress || (data ? markerText(axis, index, curve ? at(curve, index) : null, unit) : '')}</span>
      <span style={{ flex: 1 }} />
      {data && (
        <Menu position="top-end">
          <Menu.Target>
            <Tooltip label="Save the curve" openDelay={400}>
              <ActionIcon variant="subtle" color="gray" aria-label="Save what goes through the stack">
                <IconDownload size={18} />
              </ActionIcon>
            </Tooltip>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={attempt('CSV saved', () => saveText(throughCsv({ axis, data, name, unit, comments: [dataset.title, ...caption()] }), `${file}.csv`, 'text/csv'))}>
              CSV
            </Menu.Item>
            <Menu.Item onClick={attempt('PNG saved', async () => saveUrl(await svgToPng(svg()), `${file}.png`))}>PNG</Menu.Item>
            <Menu.Item onClick={attempt('SVG saved', () => saveText(svg(), `${file}.svg`, 'image/svg+xml'))}>SVG</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <Tooltip label="Close (T)" openDelay={400}>
        <ActionIcon variant="subtle" color="gray" aria-label="Close the curve through the stack" onClick={() => onStateChange({ follow: undefined })}>
          <IconX size={18} />
        </ActionIcon>
      </Tooltip>
      <span role="status" style={{ position: 'absolute', clip: 'rect(0 0 0 0)' }}>{said}</span>
    </>
  );
}
