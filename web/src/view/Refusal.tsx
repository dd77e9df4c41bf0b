import { Button } from '@mantine/core';
import { IconAlertTriangle, IconCloudOff, IconKey, IconMapOff, IconRefresh } from '@tabler/icons-react';
import type { Icon } from '@tabler/icons-react';

import { ApiError } from '@/api/errors';
import { Message } from '@/components/Message';

const WORDS: Record<number, { icon: Icon; title: string }> = {
  0: { icon: IconCloudOff, title: 'pandaas view has stopped' },
  401: { icon: IconKey, title: 'The key is missing' },
  404: { icon: IconMapOff, title: 'Not found' },
};

/** Errors that may be gone at the next try; a file of an unknown format stays one. */
const mayPass = (status: number | undefined) => status === undefined || status === 0 || status === 429 || status >= 500;

/** What went wrong, why, and what next. */
export function Refusal({ error, retry }: { error: Error; retry?: () => void }) {
  const problem = error instanceof ApiError ? error.problem : null;
  const words = WORDS[problem?.status ?? -1] ?? { icon: IconAlertTriangle, title: problem?.title ?? 'This part of the page stopped working' };
  const remedy = problem?.status === 0 ? 'Start it again in the terminal, and open the address that it prints.' : problem?.remedy;
  return (
    <Message
      icon={words.icon}
      title={words.title}
      actions={
        retry &&
        mayPass(problem?.status) && (
          <Button variant="default" leftSection={<IconRefresh size={16} />} onClick={retry}>
            Try again
          </Button>
        )
      }
    >
      <div role="alert">{error.message}</div>
      {remedy && <div>{remedy}</div>}
    </Message>
  );
}
