/** Which dimensions run along x and y; the others are sliced. */

import { Button, Popover, Select, Stack } from '@mantine/core';
import { IconAxisX } from '@tabler/icons-react';

import type { DimensionMapping } from '../core/selection';
import type { AxisInfo } from '../plots/axes';

interface DimensionMenuProps {
  readonly axes: readonly AxisInfo[];
  readonly mapping: DimensionMapping;
  readonly onMapping: (mapping: { x: number; y: number | null }) => void;
}

export function DimensionMenu({ axes, mapping, onMapping }: DimensionMenuProps) {
  if (axes.length < 2) return null;
  const data = axes.map((axis, dimension) => ({ value: String(dimension), label: `${axis.name} (${axis.size})` }));
  const choose = (side: 'x' | 'y') => (text: string | null) => {
    const dimension = Number(text);
    const { x, y } = mapping;
    // Taking the other side's dimension swaps them.
    if (side === 'x') onMapping({ x: dimension, y: y === dimension ? x : y });
    else onMapping({ y: dimension, x: x === dimension ? (y ?? x) : x });
  };
  return (
    <Popover position="bottom-start" withArrow>
      <Popover.Target>
        <Button size="xs" variant="subtle" color="gray" c="var(--mantine-color-text)" fw={500} leftSection={<IconAxisX size={16} />}>Axes</Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" w={220}>
          <Select size="xs" label="Along x" allowDeselect={false} data={data} value={String(mapping.x)} onChange={choose('x')} comboboxProps={{ withinPortal: false }} />
          {mapping.y !== null && (
            <Select size="xs" label="Along y" allowDeselect={false} data={data} value={String(mapping.y)} onChange={choose('y')} comboboxProps={{ withinPortal: false }} />
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
