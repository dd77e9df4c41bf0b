import { Badge, Group, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconCircleDashed, IconMinus, IconX } from '@tabler/icons-react';
import type { Icon } from '@tabler/icons-react';

import type { ComponentHealth, OperatorOut } from '@/api/types';
import { Dots, When } from '@/components/text';
import { bytes, plural } from '@/format';

import classes from './operator.module.css';

const LOOKS: Record<ComponentHealth['state'], { color: string; icon: Icon; word: string }> = {
  ok: { color: 'green', icon: IconCheck, word: 'Works' },
  degraded: { color: 'yellow', icon: IconAlertTriangle, word: 'Limited' },
  failed: { color: 'red', icon: IconX, word: 'Failed' },
  starting: { color: 'blue', icon: IconCircleDashed, word: 'Starting' },
  missing: { color: 'gray', icon: IconMinus, word: 'Not here' },
};

export function Components({ components }: { components: readonly ComponentHealth[] }) {
  return (
    <ul className={classes.list}>
      {components.map(({ name, state, detail }) => {
        const { color, icon: StateIcon, word } = LOOKS[state];
        return (
          <li key={name} className={classes.component}>
            <Group gap="sm" wrap="nowrap" align="flex-start">
              <Badge className="pd-mark" color={color} size="sm" w={84} leftSection={<StateIcon size={12} aria-hidden />}>
                {word}
              </Badge>
              <div style={{ minWidth: 0 }}>
                <Text size="sm">{name}</Text>
                {detail && (
                  <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                    {detail}
                  </Text>
                )}
              </div>
            </Group>
          </li>
        );
      })}
    </ul>
  );
}

const STATES: Record<string, string> = { ready: 'green', building: 'blue', missing: 'gray', failed: 'red' };

export function Environments({ environments }: { environments: OperatorOut['environments'] }) {
  if (environments.length === 0) return <Text size="sm" c="dimmed">None built yet; the first run of a recipe builds its own.</Text>;
  return (
    <ul className={classes.list}>
      {environments.map(({ name, key, state, size, packages, last_used: used, detail }) => (
        <li key={key} className={classes.component}>
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm">{name}</Text>
            <Badge size="sm" color={STATES[state] ?? 'gray'}>
              {state}
            </Badge>
          </Group>
          <Text size="xs" c="dimmed" component="div">
            <Dots parts={[size !== null && bytes(size), packages !== null && plural(packages, 'package'), used && <span key="u">used <When at={used} /></span>, <code key="k">{key.slice(0, 12)}</code>]} />
          </Text>
          {detail && (
            <Text size="xs" c={state === 'failed' ? 'red' : 'dimmed'}>
              {detail}
            </Text>
          )}
        </li>
      ))}
    </ul>
  );
}
