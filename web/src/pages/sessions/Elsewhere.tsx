import { Alert, Button, Code, Group, List, Stack, Text, Title } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';

import type { WorkSessionOut } from '@/api/types';
import { CopyText } from '@/components/text';

/** A session that runs at a provider: the way there, how its data are read there, and what it has not. */
export function Elsewhere({ session }: { session: WorkSessionOut }) {
  const code = codeFor(window.location.origin, session.datasets);
  return (
    <Stack gap="md" maw={720} p="lg" mx="auto">
      {session.phase && (
        <Alert color="yellow" role="status">
          {session.phase}
        </Alert>
      )}
      <div>
        <Title order={2}>{session.program_title} runs</Title>
        <Text mt={4}>It opens in a tab of its own. {session.provider} asks you to sign in there, by the same sign-in as here where it uses that too.</Text>
      </div>
      {session.address && (
        <div>
          <Button component="a" href={session.address} target="_blank" rel="noopener noreferrer" leftSection={<IconExternalLink size={16} />}>
            Open at {session.provider}
          </Button>
        </div>
      )}
      {session.datasets.length > 0 && (
        <section aria-label="Your data there">
          <Title order={3} size="h5" mb={4}>
            Your data there
          </Title>
          <Text size="sm" mb="xs">
            Run this in a notebook there, where the client of PaN-DAaS is installed. It shows an address at which you agree, once, that it may act as you.
          </Text>
          <Code block>{code}</Code>
          <Group justify="flex-end" mt="xs">
            <CopyText value={code}>Copy</CopyText>
          </Group>
        </section>
      )}
      <section aria-label="What is different">
        <Title order={3} size="h5" mb={4}>
          What is different from sessions that run here
        </Title>
        <List size="sm" spacing={4}>
          {session.missing.map((text) => (
            <List.Item key={text}>{text}</List.Item>
          ))}
        </List>
      </section>
    </Stack>
  );
}

/** The client, signed in by a device code, and the session's datasets. */
export function codeFor(origin: string, datasets: readonly { pid: string; title: string }[]): string {
  const url = JSON.stringify(origin);
  const opened = datasets.map(({ pid }, number) => `${datasets.length > 1 ? `dataset_${String(number + 1)}` : 'dataset'} = facility.dataset("${pid}")`);
  return [`!pandaas login ${origin}`, 'import pandaas', '', `facility = pandaas.connect(${url})`, ...opened].join('\n');
}
