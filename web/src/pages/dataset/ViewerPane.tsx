import { Center, Loader, Text } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';

import type { DatasetOut } from '@/api/types';
import type * as ViewerModule from '@/viewer';
import type { ViewerState } from '@/viewer';

const Viewer = lazy(async () => {
  const parts = await import('@/viewer');
  return { default: (props: ViewerPaneProps) => <Bound {...props} parts={parts} /> };
});

interface ViewerPaneProps {
  dataset: DatasetOut;
  path: string;
  params: Record<string, string>;
  onPathChange: (path: string) => void;
  /** Takes a function, so that two changes in one moment both count; a step is one that 'back' takes back. */
  onParamsChange: (update: (before: Record<string, string>) => Record<string, string>, step: boolean) => void;
}

/** The n-D viewer, loaded with the first dataset that is opened; its state lives in the address. */
export function ViewerPane(props: ViewerPaneProps) {
  return (
    <Suspense fallback={<Starting />}>
      <Viewer {...props} />
    </Suspense>
  );
}

function Bound({ dataset, path, params, onPathChange, onParamsChange, parts }: ViewerPaneProps & { parts: typeof ViewerModule }) {
  const { DatasetViewer, isStep, stateFromParams, stateToParams, unreadParams } = parts;
  const state = useMemo(() => stateFromParams(params), [params, stateFromParams]);
  const unread = useMemo(() => unreadParams(params), [params, unreadParams]);
  const change = (partial: Partial<ViewerState>) =>
    onParamsChange((before) => stateToParams({ ...stateFromParams(before), ...partial }), isStep(partial));
  return <DatasetViewer dataset={dataset} path={path} onPathChange={onPathChange} state={state} unread={unread} onStateChange={change} />;
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
