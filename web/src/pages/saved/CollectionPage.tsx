import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure, useListState } from '@mantine/hooks';
import { modals } from '@mantine/modals';
import { IconChartDots3, IconDownload, IconQuote, IconShare, IconTrash } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';

import { api, body } from '@/api/client';
import { collectionPidsQuery, collectionQuery } from '@/api/queries';
import type { CollectionOut, DatasetCard } from '@/api/types';
import { DatasetRows } from '@/components/datasets';
import { LinkButton } from '@/components/links';
import { Page } from '@/components/Page';
import { ActionFailure, Empty, Failure, SkeletonRows } from '@/components/states';
import { plural } from '@/format';
import { myLinksQuery } from '@/pages/access/queries';
import { usePublish } from '@/pages/publications/usePublish';
import { ReleaseTogether } from './ReleaseTogether';
import { ReviewerLink } from '@/pages/access/ReviewerLink';
import { MOST_OPENED, OpenIn } from '@/pages/sessions/OpenIn';

const route = getRouteApi('/collections/$id');

export function CollectionPage() {
  const { id } = route.useParams();
  const query = useInfiniteQuery(collectionQuery(Number(id)));
  const first = query.data?.pages[0];
  if (query.error && !first) return <Failure error={query.error} retry={() => void query.refetch()} />;
  if (!first) return <SkeletonRows />;
  return (
    <Contents key={id} collection={first} datasets={query.data?.pages.flatMap((page) => page.datasets) ?? []}>
      {query.hasNextPage && (
        <Button mt="sm" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Show more of {plural(first.count, 'dataset')}
        </Button>
      )}
      {query.error && <ActionFailure error={query.error} />}
    </Contents>
  );
}

interface ContentsProps {
  collection: CollectionOut;
  datasets: readonly DatasetCard[];
  children: ReactNode;
}

function Contents({ collection, datasets, children }: ContentsProps) {
  const { id, name, mine, owner, count, opened, readers } = collection;
  const few = count > 0 && count <= MOST_OPENED;
  const all = useQuery({ ...collectionPidsQuery(id), enabled: few });
  const [chosen, choose] = useListState<string>([]);
  const [sharing, share] = useDisclosure(false);
  const publish = usePublish();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const params = { path: { collection_id: id } };
  const again = () => queries.invalidateQueries({ queryKey: ['collections'] });
  const remove = useMutation({
    mutationFn: () => body(api.POST('/api/v1/collections/{collection_id}/removed', { params, body: { datasets: chosen } })),
    onSuccess: () => {
      choose.setState([]);
      void again();
    },
  });
  const end = useMutation({
    mutationFn: () => body(api.DELETE('/api/v1/collections/{collection_id}', { params })),
    onSuccess: () => {
      void again();
      void navigate({ to: '/collections' });
    },
  });
  const confirm = () =>
    modals.openConfirmModal({
      title: mine ? `Delete the collection “${name}”?` : `Leave the collection “${name}”?`,
      children: <Text size="sm">The datasets stay where they are.</Text>,
      labels: { confirm: mine ? `Delete “${name}”` : `Leave “${name}”`, cancel: 'Keep' },
      confirmProps: { color: 'red' },
      onConfirm: () => end.mutate(),
    });
  return (
    <Page
      title={name}
      width="list"
      crumbs={[{ label: 'Collections', to: '/collections' }, { label: name }]}
      description={`${plural(count, 'dataset')}${mine ? '' : ` from ${owner}`}${readers.length > 0 ? `, shared with ${readers.join(', ')}` : ''}`}
      actions={
        <>
          {few && all.data && (
            <LinkButton to="/analyse" search={{ dataset: all.data }} leftSection={<IconChartDots3 size={16} />}>
              Analyse all
            </LinkButton>
          )}
          {few && all.data && <OpenIn datasets={all.data} />}
          {count > 0 && (
            <Button component="a" href={`/api/v1/collections/${String(id)}/download`} download variant="default" leftSection={<IconDownload size={16} />}>
              Download all
            </Button>
          )}
          {mine && count > 0 && (
            <Button variant="default" leftSection={<IconShare size={16} />} onClick={share.open}>
              Share
            </Button>
          )}
          {mine && opened < count && <ReleaseTogether collection={collection} />}
          {mine && count > 0 && (
            <Button variant="default" leftSection={<IconQuote size={16} />} loading={publish.isPending} onClick={() => publish.mutate({ collection: id })}>
              Publish…
            </Button>
          )}
          <Button variant="subtle" color="gray" leftSection={<IconTrash size={16} />} onClick={confirm}>
            {mine ? 'Delete' : 'Leave'}
          </Button>
        </>
      }
    >
      <ActionFailure error={remove.error ?? end.error ?? publish.error} />
      {count === 0 ? (
        <Empty title="Nothing is in this collection">Choose datasets in a search, then “Add to collection”.</Empty>
      ) : (
        <DatasetRows
          datasets={datasets}
          selection={
            mine
              ? {
                  has: (pid) => chosen.includes(pid),
                  toggle: (pid) => (chosen.includes(pid) ? choose.filter((one) => one !== pid) : choose.append(pid)),
                }
              : undefined
          }
        />
      )}
      {children}
      {chosen.length > 0 && (
        <Group mt="sm">
          <Button variant="default" size="xs" onClick={() => remove.mutate()} loading={remove.isPending}>
            Take {plural(chosen.length, 'dataset')} out
          </Button>
          {!few && chosen.length <= MOST_OPENED && (
            <LinkButton to="/analyse" search={{ dataset: chosen }} variant="default" size="xs">
              Analyse {plural(chosen.length, 'dataset')}
            </LinkButton>
          )}
        </Group>
      )}
      <Modal opened={sharing} onClose={share.close} title={`Share “${name}”`} size="lg">
        <Stack gap="xl">
          <Share collection={collection} onClose={share.close} />
          <Links collection={collection} />
        </Stack>
      </Modal>
    </Page>
  );
}

function Share({ collection, onClose }: { collection: CollectionOut; onClose: () => void }) {
  const [user, setUser] = useState('');
  const queries = useQueryClient();
  const share = useMutation({
    mutationFn: () =>
      body(api.POST('/api/v1/collections/{collection_id}/shares', { params: { path: { collection_id: collection.id } }, body: { user: user.trim() } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['collections'] });
      onClose();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        share.mutate();
      }}
    >
      <Stack gap="sm">
        <Text size="sm">
          That person may then see, read and analyse all {plural(collection.count, 'dataset')} in it, read-only. You can share what you lead.
        </Text>
        <TextInput label="User name" required value={user} onChange={(event) => setUser(event.currentTarget.value)} data-autofocus />
        <ActionFailure error={share.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={share.isPending} disabled={user.trim() === ''}>
            Share
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Links to what is in the collection now; those that open nothing else are listed. */
function Links({ collection }: { collection: CollectionOut }) {
  const queries = useQueryClient();
  const inside = new Set(useQuery(collectionPidsQuery(collection.id)).data);
  const links = useQuery(myLinksQuery).data ?? [];
  return (
    <ReviewerLink
      links={links.filter(({ datasets }) => datasets.every((pid) => inside.has(pid)))}
      make={(label, days) =>
        body(api.POST('/api/v1/collections/{collection_id}/links', { params: { path: { collection_id: collection.id } }, body: { label, days } }))
      }
      onSettled={() => void queries.invalidateQueries({ queryKey: ['links'] })}
    />
  );
}
