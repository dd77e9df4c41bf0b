import { Group, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';

export interface MessageProps {
  icon: Icon;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  level?: 1 | 2;
}

/** One calm message in the middle of the room it fills. */
export function Message({ icon: Icon, title, children, actions, level = 2 }: MessageProps) {
  return (
    <Stack align="center" gap="xs" py="xl" px="md" maw={560} mx="auto" ta="center">
      <ThemeIcon size={44} radius="xl" variant="light" color="gray" aria-hidden>
        <Icon size={22} stroke={1.6} />
      </ThemeIcon>
      <Title order={level} size="h2">
        {title}
      </Title>
      {children !== undefined && (
        <Text component="div" c="dimmed" size="sm">
          {children}
        </Text>
      )}
      {actions !== undefined && (
        <Group gap="xs" mt="xs" justify="center">
          {actions}
        </Group>
      )}
    </Stack>
  );
}
