import { Code, Group, Modal, Text } from '@mantine/core';

import type { DatasetOut } from '@/api/types';
import { Link } from '@/components/links';
import { CopyText } from '@/components/text';

interface CopyPythonProps {
  opened: boolean;
  onClose: () => void;
  dataset: DatasetOut;
  path: string;
  slice: string | undefined;
}

/** The client call that gives the numbers on the screen. */
export function CopyPython({ opened, onClose, dataset, path, slice }: CopyPythonProps) {
  const code = pythonFor(window.location.origin, dataset, path, slice);
  return (
    <Modal opened={opened} onClose={onClose} title="The same numbers in Python" size="lg">
      <Code block>{code}</Code>
      <Group justify="space-between" mt="sm">
        <Text size="xs" c="dimmed">
          {dataset.open ? 'These data are open: no token is needed.' : <>Make a token with the scope “read” under <Link to="/tokens" inherit>Access tokens</Link>.</>}
        </Text>
        <CopyText value={code}>Copy</CopyText>
      </Group>
    </Modal>
  );
}

export function pythonFor(origin: string, dataset: DatasetOut, path: string, slice: string | undefined): string {
  const token = dataset.open ? '' : ', token="…"';
  const array = dataset.arrays.find((item) => item.path === path);
  const lines = ['import pandaas', '', `facility = pandaas.connect("${origin}"${token})`, `dataset = facility.dataset("${dataset.pid}")`];
  if (array) lines.push(`values = dataset["${path}"]${selectionText(array.shape, slice)}  # ${array.dtype}${array.unit ? `, ${array.unit}` : ''}`);
  return lines.join('\n');
}

/** The viewer keeps one index per dimension; all but the last two (or one) are fixed on the screen. */
function selectionText(shape: readonly number[], slice: string | undefined): string {
  if (shape.length === 0) return '[()]';
  const fixed = Math.max(0, shape.length - 2);
  if (fixed === 0) return '[:]';
  const indices = slice?.split('_').map(Number) ?? [];
  return `[${Array.from({ length: fixed }, (_, index) => String(indices[index] ?? 0)).join(', ')}]`;
}
