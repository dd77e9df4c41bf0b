import { ActionIcon, Button, Group, Modal, Stack, Text, TextInput, Title } from '@mantine/core';
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
import { PersonSelect } from '@/components/PersonSelect';
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
          <Share collection={collection} />
          <Links collection={collection} />
        </Stack>
      </Modal>
    </Page>
  );
}

function Share({ collection: { id, count, readers } }: { collection: CollectionOut }) {
  const [until, setUntil] = useState('');
  const queries = useQueryClient();
  const settled = { onSuccess: () => queries.invalidateQueries({ queryKey: ['collections'] }) };
  const share = useMutation({
    mutationFn: (user: string) =>
      body(api.POST('/api/v1/collections/{collection_id}/shares', { params: { path: { collection_id: id } }, body: { user, expires: until ? `${until}T00:00:00Z` : null } })),
    ...settled,
  });
  const end = useMutation({
    mutationFn: (user: string) => body(api.DELETE('/api/v1/collections/{collection_id}/shares/{user}', { params: { path: { collection_id: id, user } } })),
    ...settled,
  });
  return (
    <section aria-label="With a person">
      <Title order={3} mb={4}>With a person</Title>
      <Text size="sm" c="dimmed" mb="xs">
        She may see, download and analyse {plural(count, 'dataset')} in it, until you take it back. You can share what you lead.
      </Text>
      <Group align="flex-end" gap="sm">
        <PersonSelect label="Person" onPick={(user) => share.mutate(user)} style={{ flex: 1 }} />
        <TextInput label="Until (optional)" type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
      </Group>
      <ActionFailure error={share.error ?? end.error} />
      {readers.map((user) => (
        <Group key={user} gap="xs" mt={6} wrap="nowrap">
          <Text size="sm" style={{ flex: 1 }}>{user}</Text>
          <ActionIcon variant="subtle" color="gray" aria-label={`Stop sharing with ${user}`} onClick={() => end.mutate(user)}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
    </section>
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
