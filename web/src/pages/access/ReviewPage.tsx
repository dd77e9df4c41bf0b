import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconDownload, IconLinkOff } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

import { api, body } from '@/api/client';
import { DatasetRows } from '@/components/datasets';
import { Page } from '@/components/Page';
import { Empty, Failure, SkeletonRows } from '@/components/states';
import { When } from '@/components/text';

import { lensQuery } from './queries';

/** Where a reviewer's link leads: the secret leaves the address at once, what it opens is listed. */
export function ReviewPage() {
  const queries = useQueryClient();
  const [secret] = useState(() => window.location.hash.slice(1));
  const lens = useQuery({ ...lensQuery, enabled: secret === '' });
  const open = useMutation({
    mutationFn: (text: string) => body(api.POST('/api/v1/lens/review', { body: { secret: text } })),
    onSuccess: async (found) => {
      // Whatever was asked before the exchange was asked as somebody else.
      await queries.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'lens' });
      queries.setQueryData(lensQuery.queryKey, found);
    },
  });
  const exchange = open.mutate;
  useEffect(() => {
    if (!secret) return;
    window.history.replaceState(window.history.state, '', window.location.pathname);
    exchange(secret);
  }, [exchange, secret]);
  const found = open.data ?? lens.data;
  return (
    <Page
      actions={
        found?.kind === 'review' &&
        found.datasets.length > 0 && (
          <Button component="a" href="/api/v1/lens/download" download variant="default" leftSection={<IconDownload size={16} />}>
            Download all
          </Button>
        )
      }
      title={found?.kind === 'review' ? 'Data for review' : "Reviewer's link"} width="list" description={found?.kind === 'review' && found.expires ? <>For {found.label}, from {found.by}; ends <When at={found.expires} exact /></> : undefined}
    >
      {open.error ? (
        <Failure error={open.error} />
      ) : found?.kind === 'review' ? (
        <DatasetRows datasets={found.datasets} />
      ) : open.isPending || (lens.isPending && secret === '') ? (
        <SkeletonRows rows={3} />
      ) : (
        <Empty icon={IconLinkOff} title="No link is open in this browser">
          Open the address that you were given, as a whole.
        </Empty>
      )}
    </Page>
  );
}
