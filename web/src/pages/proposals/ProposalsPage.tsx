import { Button, Group, SegmentedControl, SimpleGrid, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFilter, IconFolderOff, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { proposalsQuery } from '@/api/queries';
import type { ProposalOut } from '@/api/types';
import { usePerson } from '@/app/session';
import { LinkButton } from '@/components/links';
import { Page } from '@/components/Page';
import { ProposalCard } from '@/components/ProposalCard';
import { Empty, Loaded, SkeletonRows } from '@/components/states';

import { NewProposal } from './NewProposal';

const route = getRouteApi('/proposals');

export function ProposalsPage() {
  const { all, filter } = route.useSearch();
  const navigate = route.useNavigate();
  const person = usePerson();
  const mine = person !== null && !all;
  const query = useQuery(proposalsQuery(mine));
  const [adding, add] = useDisclosure(false);
  return (
    <Page
      title="Proposals"
      description="A proposal is one beam time: its team, its data, and when they become open."
      actions={
        person?.role === 'operator' && (
          <Button leftSection={<IconPlus size={16} />} onClick={add.open}>
            New proposal
          </Button>
        )
      }
    >
      <Group mb="md" gap="sm">
        {person && (
          <SegmentedControl
            aria-label="Which proposals"
            size="xs"
            value={mine ? 'mine' : 'all'}
            onChange={(value) => void navigate({ search: (before) => ({ ...before, all: value === 'all' || undefined }) })}
            data={[
              { value: 'mine', label: 'Mine' },
              { value: 'all', label: 'All I may see' },
            ]}
          />
        )}
        <TextInput
          size="xs"
          w={240}
          aria-label="Filter by name, title, person or instrument"
          placeholder="Name, title, person, instrument"
          leftSection={<IconFilter size={14} />}
          value={filter ?? ''}
          onChange={(event) => {
            const value = event.currentTarget.value;
            void navigate({ search: (before) => ({ ...before, filter: value || undefined }), replace: true });
          }}
        />
      </Group>
      <Loaded query={query} skeleton={<SkeletonRows rows={4} height={110} />}>
        {(proposals) => {
          const shown = proposals.filter((proposal) => matches(proposal, filter));
          if (shown.length === 0) {
            return (
              <Empty
                icon={IconFolderOff}
                title={filter ? 'No proposal has this name' : mine ? 'You are in no team yet' : 'No proposals yet'}
                actions={
                  mine &&
                  !filter && (
                    <LinkButton to="/proposals" search={{ all: true }} variant="default">
                      All I may see
                    </LinkButton>
                  )
                }
              >
                {filter ? 'Shorten the filter.' : 'Your proposals appear here when you are in their team. Ask the principal investigator to add you.'}
              </Empty>
            );
          }
          return (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
              {shown.map((proposal) => (
                <ProposalCard key={proposal.name} proposal={proposal} />
              ))}
            </SimpleGrid>
          );
        }}
      </Loaded>
      <NewProposal opened={adding} onClose={add.close} />
    </Page>
  );
}

function matches(proposal: ProposalOut, filter: string | undefined): boolean {
  if (!filter) return true;
  const people = proposal.members.map(({ person }) => person.name);
  return [proposal.name, proposal.title, proposal.instrument ?? '', ...people].join(' ').toLowerCase().includes(filter.toLowerCase());
}
