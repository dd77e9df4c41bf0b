import { Badge, Stack, Text } from '@mantine/core';
import { IconQuote } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { publicationsQuery } from '@/api/queries';
import type { PublicationOut } from '@/api/types';
import { Link } from '@/components/links';
import { Page } from '@/components/Page';
import { Empty, Loaded } from '@/components/states';
import { plural } from '@/format';

/** What is published here, behind one's own drafts. */
export function PublicationsPage() {
  const query = useQuery(publicationsQuery());
  return (
    <Page title="Publications" width="normal" description="Datasets that are cited together.">
      <Loaded query={query}>
        {(publications) =>
          publications.length === 0 ? (
            <Empty icon={IconQuote} title="Nothing is published yet">
              Gather datasets in a collection, then “Publish…”.
            </Empty>
          ) : (
            <Stack gap="lg">
              {publications.map((one) => (
                <Entry key={one.pid} publication={one} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Page>
  );
}

function Entry({ publication }: { publication: PublicationOut }) {
  const { pid, title, state, citation, count, techniques } = publication;
  return (
    <div>
      <Link to="/publications/$pid" params={{ pid }} fw={500}>
        {title}
      </Link>
      {state !== 'published' && (
        <Badge ml="xs" size="sm" variant="light" color={state === 'draft' ? 'yellow' : 'gray'}>
          {state}
        </Badge>
      )}
      <Text size="sm">{citation}</Text>
      <Text size="xs" c="dimmed">
        {[plural(count, 'dataset'), ...techniques.map(({ label }) => label)].join(' · ')}
      </Text>
    </div>
  );
}
