import { useLocalStorage } from '@mantine/hooks';
import { SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { IconSearch, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { homeQuery } from '@/api/queries';
import type { HomeOut, PersonOut } from '@/api/types';
import { Notice } from '@/app/frame/Activity';
import { useSession } from '@/app/session';
import { DatasetLine } from '@/components/datasets';
import { JobLine } from '@/components/jobs';
import { Link, LinkButton } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { ProposalCard } from '@/components/ProposalCard';
import { Empty, Loaded, SkeletonRows } from '@/components/states';
import { ago, plural } from '@/format';

import classes from './HomePage.module.css';
import { TryOut } from './TryOut';

export function HomePage() {
  const session = useSession();
  const query = useQuery(homeQuery);
  const since = useLastVisit(session?.person?.user ?? 'anonymous');
  const name = session?.person?.name.split(' ')[0];
  return (
    <Page
      title={name ? `Good to see you, ${name}` : (session?.facility ?? 'Home')}
      crumbs={[{ label: 'Home' }]}
      description={query.data ? changes(query.data, since) : ' '}
      actions={
        session?.person ? (
          <>
            <LinkButton to="/upload" variant="default" leftSection={<IconUpload size={16} />}>
              Upload
            </LinkButton>
            <LinkButton to="/search" leftSection={<IconSearch size={16} />}>
              Find data
            </LinkButton>
          </>
        ) : (
          <LinkButton to="/search" leftSection={<IconSearch size={16} />}>
            Browse open data
          </LinkButton>
        )
      }
    >
      <Loaded query={query} skeleton={<HomeSkeleton />}>
        {(home) => <HomeContents home={home} since={since} role={session?.person?.role ?? null} />}
      </Loaded>
    </Page>
  );
}

interface ContentsProps {
  home: HomeOut;
  since: string | null;
  /** Null when nobody is signed in. */
  role: PersonOut['role'] | null;
}

function HomeContents({ home, since, role }: ContentsProps) {
  const signedIn = role !== null;
  const seesAll = role === 'operator';
  const steps = home.try_out ?? [];
  return (
    <>
      {steps.length > 0 && <TryOut steps={steps} />}
      {home.notices.length > 0 && (
        <Section title="For your attention">
          <Stack gap={0} className={classes.panel}>
            {home.notices.map((notice) => (
              <Notice key={notice.id} notice={notice} />
            ))}
          </Stack>
        </Section>
      )}
      <Section title={seesAll ? 'Proposals' : signedIn ? 'My proposals' : 'Open proposals'} aside={<Link to="/proposals" search={{ all: seesAll || undefined }} size="sm">All proposals</Link>}>
        {home.proposals.length === 0 ? (
          <Text size="sm" c="dimmed">
            {signedIn ? 'You are in no team yet. Data you upload lie in your own space.' : 'Nothing is open to everybody yet. Sign in to see your proposals.'}
          </Text>
        ) : (
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
            {home.proposals.slice(0, 6).map((proposal) => (
              <ProposalCard key={proposal.name} proposal={proposal} />
            ))}
          </SimpleGrid>
        )}
      </Section>
      <div className={classes.columns}>
        <Section title="Recent data" aside={<Link to="/search" search={{ sort: 'newest' }} size="sm">All data</Link>}>
          {home.recent.length === 0 ? (
            <Empty title="No data yet" actions={signedIn && <LinkButton to="/upload">Upload a file</LinkButton>}>
              Measurements appear here as soon as they are registered.
            </Empty>
          ) : (
            <Stack gap={0}>
              {home.recent.slice(0, 8).map((card) => (
                <DatasetLine key={card.pid} card={card} fresh={since !== null && card.created > since} />
              ))}
            </Stack>
          )}
        </Section>
        <div>
          {signedIn && (
            <Section title="My jobs" aside={<Link to="/jobs" size="sm">All jobs</Link>}>
              {home.jobs.length === 0 ? (
                <Text size="sm" c="dimmed">
                  Nothing has run yet. Open a dataset and press Analyse.
                </Text>
              ) : (
                home.jobs.slice(0, 5).map((job) => <JobLine key={job.id} job={job} />)
              )}
            </Section>
          )}
          {home.results.length > 0 && (
            <Section title="Latest results" aside={signedIn && <Link to="/results" size="sm">All results</Link>}>
              <Stack gap={0}>
                {home.results.slice(0, 5).map((card) => (
                  <DatasetLine key={card.pid} card={card} fresh={since !== null && card.created > since} />
                ))}
              </Stack>
            </Section>
          )}
        </div>
      </div>
    </>
  );
}

function changes(home: HomeOut, since: string | null): string {
  if (since === null) return 'Find measurements, look at them, analyse them.';
  const runs = home.recent.filter(({ created }) => created > since).length;
  const done = home.jobs.filter(({ ended }) => ended !== null && ended > since).length;
  const news = [runs > 0 && plural(runs, 'new dataset'), done > 0 && plural(done, 'finished job')].filter(Boolean);
  return news.length > 0 ? `Since your last visit (${ago(since)}): ${news.join(', ')}.` : `Nothing new since your last visit (${ago(since)}).`;
}

const VISIT_MS = 30 * 60_000;

interface Visits {
  previous: string | null;
  current: string;
}

/** When this person was here before; half an hour without the page ends a visit. Kept in this browser only. */
function useLastVisit(user: string): string | null {
  const [visits, setVisits] = useLocalStorage<Visits | null>({
    key: `pandaas-visits-${user}`,
    defaultValue: null,
    getInitialValueInEffect: false,
  });
  const [now] = useState(() => new Date().toISOString());
  useEffect(() => {
    setVisits((before) => {
      if (!before) return { previous: null, current: now };
      const fresh = Date.parse(now) - Date.parse(before.current) > VISIT_MS;
      return { previous: fresh ? before.current : before.previous, current: now };
    });
  }, [now, user, setVisits]);
  return visits?.previous ?? null;
}

function HomeSkeleton() {
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm" mb="xl">
        {[0, 1, 2].map((index) => (
          <Skeleton key={index} height={132} />
        ))}
      </SimpleGrid>
      <div className={classes.columns}>
        <SkeletonRows rows={6} />
        <SkeletonRows rows={3} />
      </div>
    </>
  );
}
