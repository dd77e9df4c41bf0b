/** Tools of the mask editor and saving: the mask becomes a dataset of the instrument. */

import { Alert, Button, Group, NumberInput, SegmentedControl, Slider, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { Link } from '@/components/links';

import { frameClient } from '../data/frameClient';
import type { FrameSource, RuleSource } from '../data/frameStore';
import { describeError, masksUrl, postJson } from '../data/requests';
import type { ArraySource, DatasetCard, MaskIn } from '../data/types';
import { MASK_TOOLS, useDrawingVersion, type MaskDrawing, type MaskTool } from './drawing';

interface MaskPanelProps {
  readonly drawing: MaskDrawing;
  readonly source: ArraySource;
  readonly frame: FrameSource;
  readonly rules: RuleSource;
  readonly maySave: boolean;
}

const TOOL_NAMES: Record<MaskTool, string> = {
  rectangle: 'Box',
  circle: 'Circle',
  polygon: 'Polygon',
  brush: 'Brush',
};

const HINTS: Record<MaskTool, string> = {
  rectangle: 'Drag from corner to corner.',
  circle: 'Drag from the centre outwards.',
  polygon: 'Click or tap the corners; twice, or Enter, closes.',
  brush: 'Paint with the left button or a finger.',
};

export function MaskPanel({ drawing, source, frame, rules, maySave }: MaskPanelProps) {
  useDrawingVersion(drawing);
  const { rows, columns, bytes } = drawing.mask;
  return (
    <Stack gap="xs">
      <Title order={6}>Mask editor</Title>
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Mask tool"
        value={drawing.tool}
        onChange={(tool) => drawing.setTool(tool as MaskTool)}
        data={MASK_TOOLS.map((value) => ({ value, label: TOOL_NAMES[value] }))}
      />
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="What drawing does"
        value={String(drawing.value)}
        onChange={(value) => drawing.setValue(value === '1' ? 1 : 0)}
        data={[
          { value: '1', label: 'Mask' },
          { value: '0', label: 'Unmask' },
        ]}
      />
      <Text size="xs" c="dimmed">{HINTS[drawing.tool]}</Text>
      {drawing.tool === 'brush' && (
        <Slider size="sm" min={1} max={60} value={drawing.brush} onChange={(radius) => drawing.setBrush(radius)} thumbLabel="Brush radius in pixels" label={(radius) => `${radius} px`} />
      )}
      <Threshold drawing={drawing} frame={frame} rules={rules} />
      <Group gap="xs" grow>
        <Button size="xs" variant="default" onClick={() => drawing.invert()}>Invert</Button>
        <Button size="xs" variant="default" disabled={!drawing.canUndo} onClick={() => drawing.undo()}>Undo</Button>
        <Button size="xs" variant="default" onClick={() => drawing.clear()}>Clear</Button>
      </Group>
      <Text size="xs" c="dimmed">{`${drawing.masked.toLocaleString('en')} of ${bytes.length.toLocaleString('en')} pixels masked (${columns} × ${rows})`}</Text>
      {maySave && <SaveMask drawing={drawing} source={source} />}
    </Stack>
  );
}

function Threshold({ drawing, frame, rules }: Pick<MaskPanelProps, 'drawing' | 'frame' | 'rules'>) {
  const [low, setLow] = useState<number | null>(null);
  const [high, setHigh] = useState<number | null>(null);
  const find = useMutation({
    mutationFn: () => frameClient().ask('threshold', { source: frame, rules, low, high }),
    onSuccess: (runs) => drawing.add(runs),
  });
  const toNumber = (value: string | number) => (typeof value === 'number' ? value : null);
  return (
    <Group gap="xs" align="end" wrap="nowrap">
      <NumberInput size="xs" label="Below" hideControls value={low ?? ''} onChange={(value) => setLow(toNumber(value))} />
      <NumberInput size="xs" label="Above" hideControls value={high ?? ''} onChange={(value) => setHigh(toNumber(value))} />
      <Button size="xs" variant="default" style={{ flex: 'none' }} loading={find.isPending} disabled={low === null && high === null} onClick={() => find.mutate()}>
        Mask
      </Button>
    </Group>
  );
}

function SaveMask({ drawing, source }: Pick<MaskPanelProps, 'drawing' | 'source'>) {
  const [title, setTitle] = useState('Mask');
  const save = useMutation({
    mutationFn: () => {
      const { rows, columns } = drawing.mask;
      const body: MaskIn = { path: source.path, title: title.trim(), shape: [rows, columns], runs: drawing.runs };
      return postJson<DatasetCard>(masksUrl(source.pid), body);
    },
  });
  const problem = save.isError ? describeError(save.error) : null;
  return (
    <Stack gap="xs">
      <TextInput size="xs" label="Name of the mask" value={title} maxLength={200} onChange={(event) => setTitle(event.currentTarget.value)} />
      <Button size="xs" loading={save.isPending} disabled={!title.trim() || drawing.masked === 0} onClick={() => save.mutate()}>
        Save mask
      </Button>
      {save.isSuccess && (
        <Alert color="green" p="xs" title="Mask saved" role="status">
          <Link to="/datasets/$pid" params={{ pid: save.data.pid }} inherit>
            {save.data.title}
          </Link>
        </Alert>
      )}
      {problem && <Alert color="red" p="xs" title={problem.what}>{problem.remedy}</Alert>}
    </Stack>
  );
}
