import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconDownload, IconNotebook, IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';

import { proposalQuery } from '@/api/queries';
import { Composer, Entry, logbookClasses, logbookQuery, writeEntry } from '@/components/logbook';
import { Page } from '@/components/Page';
import { Empty, Failure, SkeletonRows } from '@/components/states';
import { plural } from '@/format';

const route = getRouteApi('/proposals/$name/logbook');

/** What the team writes down during and after the beam time. */
export function LogbookPage() {
  const { name } = route.useParams();
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const [typed, setTyped] = useState(q);
  const [words] = useDebouncedValue(typed, 200);
  const proposal = useQuery(proposalQuery(name)).data;
  const query = useInfiniteQuery({ ...logbookQuery(name, words), placeholderData: keepPreviousData });
  const pages = query.data?.pages ?? [];
  const first = pages[0];
  return (
    <Page
      title="Logbook"
      width="list"
      description={proposal ? `${proposal.title}. For the team and the instrument's staff; it is not released with the data.` : undefined}
      crumbs={[{ label: 'Proposals', to: '/proposals' }, { label: name, to: `/proposals/${name}` }, { label: 'Logbook' }]}
      actions={
        first &&
        first.total > 0 && (
          <Button component="a" href={`/api/v1/proposals/${encodeURIComponent(name)}/logbook/export`} variant="default" leftSection={<IconDownload size={16} />}>
            Download
          </Button>
        )
      }
    >
      <Stack maw={860}>
        {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
        {query.isPending && <SkeletonRows rows={5} />}
        {first?.may_write && (
          <Composer
            proposal={name}
            label="New entry"
            action="Write"
            save={async (text) => {
              await writeEntry(name, text);
              await queries.invalidateQueries({ queryKey: ['logbook'] });
            }}
          />
        )}
        {first && (first.total > 0 || words) && (
          <TextInput
            aria-label="Find in the logbook"
            placeholder="Find in the logbook"
            leftSection={<IconSearch size={15} />}
            value={typed}
            onChange={(event) => {
              const next = event.currentTarget.value;
              setTyped(next);
              void navigate({ search: next ? { q: next } : {}, replace: true });
            }}
          />
        )}
        {first?.total === 0 && (
          <Empty icon={IconNotebook} title={words ? 'No entry has these words' : 'Nothing written yet'}>
            {words ? 'Try fewer or other words.' : 'What was measured, what was strange, what to do next: write it down while you remember.'}
          </Empty>
        )}
        {first && first.total > 0 && (
          <>
            <Text size="xs" c="dimmed" aria-live="polite">
              {words ? `${plural(first.total, 'entry', 'entries')} with these words` : plural(first.total, 'entry', 'entries')}
            </Text>
            <ul className={logbookClasses.entries}>
              {pages.flatMap((page) => page.entries).map((entry) => (
                <Entry key={entry.id} entry={entry} />
              ))}
            </ul>
          </>
        )}
        {query.hasNextPage && (
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Older entries
          </Button>
        )}
      </Stack>
    </Page>
  );
}
