import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { instrumentQuery } from '@/api/queries';
import type { InstrumentPageOut } from '@/api/types';
import { DatasetLine } from '@/components/datasets';
import { JobLine } from '@/components/jobs';
import { Link } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { Loaded, SkeletonRows } from '@/components/states';
import { plural } from '@/format';
import { AutomaticChains } from '@/pages/chains/AutomaticChains';
import { QuarantineEntry } from '@/pages/QuarantinePage';

import classes from './instrument.module.css';
import { RecipeDefaults } from './RecipeDefaults';
import { Validities } from './Validities';

const route = getRouteApi('/instruments/$name');

export function InstrumentPage() {
  const { name } = route.useParams();
  const query = useQuery(instrumentQuery(name));
  const instrument = query.data;
  return (
    <Page
      title={instrument?.title ?? name}
      description={instrument && [instrument.facility, instrument.technique?.label, plural(instrument.dataset_count, 'dataset')].filter(Boolean).join(' · ')}
      crumbs={[{ label: 'My instrument', to: '/instruments' }, { label: instrument?.title ?? name }]}
    >
      <Loaded query={query} skeleton={<SkeletonRows rows={8} />}>
        {(loaded) => <Contents instrument={loaded} />}
      </Loaded>
    </Page>
  );
}

function Contents({ instrument }: { instrument: InstrumentPageOut }) {
  return (
    <>
      <div className={classes.columns}>
        <Section title="Latest runs" aside={<Link to="/search" search={{ instrument: [instrument.name], sort: 'newest' }} size="sm">All data</Link>}>
          {instrument.latest.length === 0 ? (
            <Text size="sm" c="dimmed">
              No data of this instrument yet.
            </Text>
          ) : (
            instrument.latest.map((card) => <DatasetLine key={card.pid} card={card} />)
          )}
        </Section>
        <Section title="Failed analyses">
          {instrument.failures.length === 0 ? (
            <Text size="sm" c="dimmed">
              None. Failures of your users&apos; jobs on this instrument&apos;s data appear here.
            </Text>
          ) : (
            instrument.failures.map((job) => <JobLine key={job.id} job={job} />)
          )}
        </Section>
      </div>
      <AutomaticChains instrument={instrument.name} />
      <Validities instrument={instrument} />
      <RecipeDefaults instrument={instrument} />
      {instrument.quarantine.length > 0 && (
        <Section title={`${plural(instrument.quarantine.length, 'file')} could not be read`}>
          <Stack gap="xs">
            {instrument.quarantine.map((entry) => (
              <QuarantineEntry key={entry.id} entry={entry} />
            ))}
          </Stack>
        </Section>
      )}
    </>
  );
}
