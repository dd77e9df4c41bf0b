import { Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';

import type { DatasetOut } from '@/api/types';
import { Link } from '@/components/links';
import { Composer, Entry, logbookClasses, notesQuery, writeNote } from '@/components/logbook';
import { Loaded, SkeletonRows } from '@/components/states';

/** What the team wrote about this dataset; each note stands in the proposal's logbook too. */
export function NotesTab({ dataset }: { dataset: DatasetOut }) {
  const queries = useQueryClient();
  const query = useQuery(notesQuery(dataset.pid));
  return (
    <Loaded query={query} skeleton={<SkeletonRows rows={4} />}>
      {(page) => (
        <Stack gap="sm">
          {page.may_write && (
            <Composer
              proposal={dataset.proposal}
              label="New note"
              action="Add note"
              save={async (text) => {
                await writeNote(dataset.pid, text);
                await queries.invalidateQueries({ queryKey: ['logbook'] });
              }}
            />
          )}
          {page.entries.length === 0 ? (
            <Text size="sm" c="dimmed">
              {page.may_write ? 'Nobody has written about this dataset yet.' : 'There are no notes for you here. They belong to the team of the proposal.'}
            </Text>
          ) : (
            <ul className={logbookClasses.entries}>
              {page.entries.map((entry) => (
                <Entry key={entry.id} entry={entry} on={dataset.pid} />
              ))}
            </ul>
          )}
          {page.may_write && (
            <Text size="xs" c="dimmed">
              Notes stand in the{' '}
              <Link to="/proposals/$name/logbook" params={{ name: dataset.proposal }} inherit>
                logbook of {dataset.proposal}
              </Link>
              .
            </Text>
          )}
        </Stack>
      )}
    </Loaded>
  );
}
