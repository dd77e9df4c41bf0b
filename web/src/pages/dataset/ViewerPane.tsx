import { Center, Loader, Text } from '@mantine/core';
import { Suspense } from 'react';

import type { DatasetOut } from '@/api/types';

interface ViewerPaneProps {
  dataset: DatasetOut;
  path: string;
  params: Record<string, string>;
  onPathChange: (path: string) => void;
  onParamsChange: (params: Record<string, string>) => void;
}

/** The n-D viewer, loaded with the first dataset that is opened. */
export function ViewerPane({ path }: ViewerPaneProps) {
  return (
    <Suspense fallback={<Starting />}>
      <Center h="100%">
        <Text c="dimmed">{path}</Text>
      </Center>
    </Suspense>
  );
}

function Starting() {
  return (
    <Center h="100%" role="status">
      <Loader size="sm" mr="sm" aria-hidden />
      <Text size="sm" c="dimmed">
        Starting the viewer …
      </Text>
    </Center>
  );
}
