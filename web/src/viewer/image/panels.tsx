/** Side panels of images: contrast, region, profile, rings. */

import { Button, Group, NumberInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMemo, useState } from 'react';

import { CALIBRANT_NAMES, CALIBRANTS, parseRings } from '../core/calibrants';
import { formatNumber, formatUncertain, withUnit } from '../core/format';
import type { Domain } from '../core/numbers';
import type { Block } from '../core/pool';
import type { Box, ColorMapName } from '../core/state';
import { frameClient } from '../data/frameClient';
import type { FrameSource, RuleSource } from '../data/frameStore';
import { useLatest } from '../data/useLatest';
import { MiniPlot } from '../MiniPlot';
import type { Contrast } from './useContrast';
import { HistogramPlot } from './HistogramPlot';
import styles from '../viewer.module.css';

interface PixelsProps {
  readonly frame: FrameSource;
  readonly rules: RuleSource;
  readonly unit: string | null;
}

interface DescribeJob {
  readonly frame: FrameSource;
  readonly rules: RuleSource;
  readonly block: Block | null;
  readonly log: boolean;
}

function describeBlock({ frame, rules, block, log }: DescribeJob, signal: AbortSignal) {
  return frameClient().ask('describe', { source: frame, rules, block, log }, signal);
}

interface ContrastPanelProps extends PixelsProps {
  readonly contrast: Contrast;
  readonly map: ColorMapName;
  readonly invert: boolean;
  readonly onDomain: (domain: Domain | undefined) => void;
}

export function ContrastPanel({ frame, rules, unit, contrast, map, invert, onDomain }: ContrastPanelProps) {
  const log = contrast.scale === 'log';
  const job = useMemo(() => ({ frame, rules, block: null, log }), [frame, rules, log]);
  const described = useLatest(job, describeBlock, 1).value;
  const [low, high] = contrast.domain;
  return (
    <Stack gap="xs">
      <Title order={6}>Contrast</Title>
      {described && !(log && (described.histogram.edges[0] ?? 0) <= 0) && (
        <HistogramPlot histogram={described.histogram} domain={contrast.domain} scale={contrast.scale} map={map} invert={invert} onDomain={onDomain} />
      )}
      <Group grow gap="xs">
        <BoundInput label="From" value={low} onValue={(value) => value < high && onDomain([value, high])} />
        <BoundInput label="To" value={high} onValue={(value) => value > low && onDomain([low, value])} />
      </Group>
      <Button size="xs" variant="default" disabled={contrast.automatic} onClick={() => onDomain(undefined)}>
        Percentile contrast
      </Button>
      {described?.statistics && <Figures statistics={described.statistics} masked={described.masked} unit={unit} />}
    </Stack>
  );
}

function BoundInput({ label, value, onValue }: { label: string; value: number; onValue: (value: number) => void }) {
  return (
    <NumberInput
      size="xs"
      label={label}
      value={Number(value.toPrecision(5))}
      hideControls
      onChange={(next) => typeof next === 'number' && onValue(next)}
    />
  );
}

interface FiguresProps {
  readonly statistics: { count: number; sum: number; mean: number; std: number; minimum: number; maximum: number };
  readonly masked: number;
  readonly unit: string | null;
}

function Figures({ statistics, masked, unit }: FiguresProps) {
  const rows: [string, string][] = [
    ['Mean', withUnit(formatUncertain(statistics.mean, statistics.std / Math.sqrt(statistics.count)), unit)],
    ['Std. deviation', formatNumber(statistics.std)],
    ['Minimum', formatNumber(statistics.minimum)],
    ['Maximum', formatNumber(statistics.maximum)],
    ['Sum', formatNumber(statistics.sum, 6)],
    ['Pixels', statistics.count.toLocaleString('en')],
    ['Masked', masked.toLocaleString('en')],
  ];
  return (
    <dl className={styles.figures}>
      {rows.map(([name, value]) => (
        <FigureRow key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function FigureRow({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

interface RegionPanelProps extends PixelsProps {
  readonly region: Box | undefined;
  readonly onClear: () => void;
}

export function RegionPanel({ frame, rules, unit, region, onClear }: RegionPanelProps) {
  const job = useMemo<DescribeJob | null>(
    () =>
      region
        ? {
            frame,
            rules,
            log: false,
            block: { column: region[0], row: region[1], columns: region[2] - region[0], rows: region[3] - region[1] },
          }
        : null,
    [frame, rules, region],
  );
  const described = useLatest(job, describeBlock, 1).value;
  const bins = useMemo(() => {
    if (!described) return null;
    const { counts, edges } = described.histogram;
    return { x: counts.map((_, i) => ((edges[i] ?? 0) + (edges[i + 1] ?? 0)) / 2), y: counts };
  }, [described]);
  return (
    <Stack gap="xs">
      <Title order={6}>Region</Title>
      {!region && <Text size="sm" c="dimmed">Draw a rectangle on the image.</Text>}
      {region && described && (
        <>
          <Text size="xs" c="dimmed">{`Columns ${region[0]}–${region[2]}, rows ${region[1]}–${region[3]}`}</Text>
          {described.statistics ? (
            <Figures statistics={described.statistics} masked={described.masked} unit={unit} />
          ) : (
            <Text size="sm">All pixels of this region are masked.</Text>
          )}
          {bins && <MiniPlot {...bins} xLabel="Value" yLabel="Pixels" xUnit={unit} height={160} title="Histogram of the region" />}
          <Button size="xs" variant="default" onClick={onClear}>Clear region</Button>
        </>
      )}
    </Stack>
  );
}

interface ProfilePanelProps extends PixelsProps {
  readonly line: Box | undefined;
  readonly log: boolean;
  readonly width: number;
  readonly onWidth: (width: number) => void;
  readonly onLine: (line: Box | undefined) => void;
  readonly rows: number;
  readonly columns: number;
}

export function ProfilePanel({ frame, rules, unit, line, log, width, onWidth, onLine, rows, columns }: ProfilePanelProps) {
  const job = useMemo(
    () => (line ? { frame, rules, width, segment: { x0: line[0], y0: line[1], x1: line[2], y1: line[3] } } : null),
    [frame, rules, line, width],
  );
  const profile = useLatest(
    job,
    ({ frame: source, ...ask }, signal) => frameClient().ask('profile', { source, ...ask }, signal),
    1,
  ).value;
  const centre = line ? ([(line[0] + line[2]) / 2, (line[1] + line[3]) / 2] as const) : ([columns / 2, rows / 2] as const);
  return (
    <Stack gap="xs">
      <Title order={6}>Profile</Title>
      {!line && <Text size="sm" c="dimmed">Draw a line on the image, or take a whole row or column.</Text>}
      {line && profile && (
        <MiniPlot x={profile.position} y={profile.value} xLabel="Distance" xUnit="px" yLabel="Mean" yUnit={unit} yScale={log ? 'log' : 'linear'} height={220} title="Line profile" />
      )}
      <Group gap="xs" grow>
        <Button size="xs" variant="default" onClick={() => onLine([0, Math.floor(centre[1]) + 0.5, columns, Math.floor(centre[1]) + 0.5])}>Row</Button>
        <Button size="xs" variant="default" onClick={() => onLine([Math.floor(centre[0]) + 0.5, 0, Math.floor(centre[0]) + 0.5, rows])}>Column</Button>
      </Group>
      <NumberInput size="xs" label="Width in pixels" min={1} max={999} value={width} onChange={(value) => onWidth(typeof value === 'number' ? Math.max(1, value) : 1)} />
      {line && <Button size="xs" variant="default" onClick={() => onLine(undefined)}>Clear line</Button>}
    </Stack>
  );
}

export function RingsPanel({ rings, onRings }: { rings: string | undefined; onRings: (rings: string | undefined) => void }) {
  const [text, setText] = useState(rings ?? '');
  const wrong = text.trim() !== '' && parseRings(text) === null;
  return (
    <Stack gap="xs">
      <Title order={6}>Rings</Title>
      {CALIBRANTS.map((name) => (
        <Button
          key={name}
          size="xs"
          variant={rings === name ? 'filled' : 'default'}
          aria-pressed={rings === name}
          onClick={() => {
            setText('');
            onRings(rings === name ? undefined : name);
          }}
        >
          {CALIBRANT_NAMES[name]}
        </Button>
      ))}
      <TextInput
        size="xs"
        label="Or d spacings in Å"
        placeholder="58.4, 29.2"
        value={text}
        error={wrong ? 'Numbers above zero, separated by commas' : undefined}
        onChange={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          if (next.trim() === '') onRings(undefined);
          else if (parseRings(next)) onRings(next);
        }}
      />
    </Stack>
  );
}
