import { Stack } from '@mantine/core';
import { IconDatabaseOff, IconNotebook, IconUpload } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { ApiError } from '@/api/errors';
import { proposalQuery, searchQuery, sessionQuery } from '@/api/queries';
import type { ProposalOut } from '@/api/types';
import { DatasetRows } from '@/components/datasets';
import { Link, LinkButton } from '@/components/links';
import { OpenMark, TechniqueChip } from '@/components/marks';
import { Page, Section } from '@/components/Page';
import { Empty, Loaded, SkeletonRows } from '@/components/states';
import { Facts, When } from '@/components/text';
import { plural } from '@/format';
import { AskAccess } from '@/pages/access/AskAccess';
import { AskRelease } from '@/pages/access/AskRelease';
import { MOST_OPENED, OpenIn } from '@/pages/sessions/OpenIn';

import classes from './proposals.module.css';
import { BeamTimes } from './BeamTimes';
import { Team } from './Team';

const route = getRouteApi('/proposals/$name');

const TYPE_WORDS: Record<ProposalOut['type'], string> = {
  public_access: 'Public access',
  proprietary: 'Proprietary',
  training: 'Training',
  in_house: 'In-house research',
  personal: 'Personal space',
};

export function ProposalPage() {
  const { name } = route.useParams();
  const query = useQuery(proposalQuery(name));
  const proposal = query.data;
  const signedIn = useQuery(sessionQuery).data?.person != null;
  const queries = useQueryClient();
  const newest = async () => {
    const found = await queries.query(searchQuery({ proposal: [name], sort: 'newest', limit: MOST_OPENED }));
    return found.results.map(({ pid }) => pid);
  };
  return (
    <Page
      title={proposal?.title ?? name}
      width="list"
      marks={proposal && <OpenMark open={proposal.open} release={proposal.release_time ?? null} type={proposal.type} />}
      description={proposal?.summary ?? undefined}
      crumbs={[{ label: 'Proposals', to: '/proposals' }, { label: name }]}
      actions={
        proposal && (
          <>
            {(proposal.may_write || proposal.my_role) && (
              <LinkButton to="/proposals/$name/logbook" params={{ name }} variant="default" leftSection={<IconNotebook size={16} />}>
                Logbook
              </LinkButton>
            )}
            {signedIn && (proposal.may_write || proposal.open) && <OpenIn datasets={{ of: name, find: newest }} />}
            {proposal.may_write && (
              <LinkButton to="/upload" search={{ proposal: name }} variant="default" leftSection={<IconUpload size={16} />}>
                Upload
              </LinkButton>
            )}
          </>
        )
      }
    >
      <Loaded query={query} skeleton={<SkeletonRows rows={8} />}>
        {(loaded) => <Contents proposal={loaded} />}
      </Loaded>
      {!proposal && query.error instanceof ApiError && query.error.status === 404 && <AskAccess proposal={name} />}
    </Page>
  );
}

function Contents({ proposal }: { proposal: ProposalOut }) {
  return (
    <div className={classes.layout}>
      <Datasets proposal={proposal} />
      <Stack gap="xl">
        <section aria-label="About this proposal">
          <Facts
            facts={[
              { name: 'Proposal', value: proposal.name },
              { name: 'Type', value: TYPE_WORDS[proposal.type] },
              { name: 'Facility', value: proposal.facility },
              { name: 'Instrument', value: proposal.instrument },
              { name: 'Beam time', value: proposal.start_time && <><When at={proposal.start_time} exact /> – <When at={proposal.end_time} exact /></> },
              { name: proposal.open ? 'Open since' : 'Becomes open', value: proposal.release_time && <When at={proposal.release_time} exact /> },
              { name: 'Licence', value: proposal.licence },
              { name: 'Use', value: proposal.invoiced ? 'Invoiced' : null },
              { name: 'Techniques', value: proposal.techniques.length > 0 && proposal.techniques.map((technique) => <TechniqueChip key={technique.iri} technique={technique} />) },
              { name: 'Your role', value: proposal.my_role?.replaceAll('_', ' ') },
            ]}
          />
        </section>
        <BeamTimes proposal={proposal.name} />
        {proposal.may_manage && !proposal.open && proposal.type !== 'proprietary' && proposal.type !== 'personal' && <AskRelease proposal={proposal.name} />}
        {!proposal.may_read && <AskAccess proposal={proposal.name} />}
        <Team proposal={proposal} />
      </Stack>
    </div>
  );
}

function Datasets({ proposal }: { proposal: ProposalOut }) {
  const query = useQuery(searchQuery({ proposal: [proposal.name], sort: 'newest', limit: 25 }));
  return (
    <Section
      title={plural(proposal.dataset_count, 'dataset')}
      aside={
        <Link to="/search" search={{ proposal: [proposal.name] }} size="sm">
          Search in this proposal
        </Link>
      }
    >
      <Loaded query={query} skeleton={<SkeletonRows rows={6} height={52} />}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconDatabaseOff} title="No data yet">
              Runs appear here as soon as they are registered.
            </Empty>
          ) : (
            <DatasetRows datasets={results} oneProposal />
          )
        }
      </Loaded>
    </Section>
  );
}
