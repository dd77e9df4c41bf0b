/** How a volume is drawn: kind of projection, opacity, threshold, contrast. */

import { Button, Group, NumberInput, SegmentedControl, Slider, Stack, Text, Title } from '@mantine/core';
import { useMemo } from 'react';

import type { ColorScale } from '../core/contrast';
import { extent, type Domain } from '../core/numbers';
import { histogram } from '../core/statistics';
import type { ColorMapName, Projection, ViewerState } from '../core/state';
import { HistogramPlot } from '../image/HistogramPlot';

interface VolumePanelProps {
  readonly sample: Float64Array | null;
  readonly domain: Domain;
  readonly scale: ColorScale;
  readonly map: ColorMapName;
  readonly invert: boolean;
  readonly maximum: boolean;
  readonly opacity: number;
  readonly threshold: number;
  readonly automatic: boolean;
  readonly onStateChange: (partial: Partial<ViewerState>) => void;
}

const BINS = 96;

export function VolumePanel(props: VolumePanelProps) {
  const { sample, domain, scale, map, invert, maximum, onStateChange } = props;
  const [low, high] = domain;
  const log = scale === 'log';
  const counted = useMemo(() => {
    const shown = log ? (sample?.filter((value) => value > 0) ?? null) : sample;
    const range = shown ? extent(shown) : null;
    return shown && range ? histogram(shown, range, BINS, log) : null;
  }, [sample, log]);
  return (
    <Stack gap="xs">
      <Title order={6}>Volume</Title>
      <SegmentedControl
        size="xs"
        aria-label="Projection"
        value={maximum ? 'maximum' : 'composite'}
        onChange={(projection) => onStateChange({ projection: projection as Projection })}
        data={[
          { value: 'composite', label: 'Composite' },
          { value: 'maximum', label: 'Maximum' },
        ]}
      />
      {!maximum && <Fraction label="Opacity" value={props.opacity} onValue={(opacity) => onStateChange({ opacity })} />}
      <Fraction label="Clear below" value={props.threshold} onValue={(threshold) => onStateChange({ threshold })} />
      <Title order={6} mt="xs">
        Contrast
      </Title>
      {counted && <HistogramPlot histogram={counted} domain={domain} scale={scale} map={map} invert={invert} onDomain={(next) => onStateChange({ domain: next })} />}
      <Group grow gap="xs">
        <Bound label="From" value={low} onValue={(value) => value < high && onStateChange({ domain: [value, high] })} />
        <Bound label="To" value={high} onValue={(value) => value > low && onStateChange({ domain: [low, value] })} />
      </Group>
      <Button size="xs" variant="default" disabled={props.automatic} onClick={() => onStateChange({ domain: undefined })}>
        Percentile contrast
      </Button>
    </Stack>
  );
}

function Fraction({ label, value, onValue }: { label: string; value: number; onValue: (value: number) => void }) {
  return (
    <div style={{ paddingBottom: 10 }}>
      <Text size="xs">{`${label}: ${Math.round(value * 100)} %`}</Text>
      <Slider size="sm" min={0} max={1} step={0.01} label={null} thumbLabel={label} value={value} onChange={onValue} />
    </div>
  );
}

function Bound({ label, value, onValue }: { label: string; value: number; onValue: (value: number) => void }) {
  return (
    <NumberInput size="xs" label={label} value={Number(value.toPrecision(5))} hideControls onChange={(next) => typeof next === 'number' && onValue(next)} />
  );
}
