import { Spoiler, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { publicationsQuery } from '@/api/queries';
import type { DatasetOut, PublicationOut } from '@/api/types';
import { Link } from '@/components/links';
import { kindWord } from '@/components/marks';
import { CopyIcon, Facts, When } from '@/components/text';
import { bytes, duration, quantity } from '@/format';

import { Quality } from './Quality';
import { Verify } from './Verify';

const FIRST = 6;

export function Info({ dataset }: { dataset: DatasetOut }) {
  const publications = (useQuery(publicationsQuery(dataset.pid)).data ?? []).filter(({ state }) => state === 'published');
  const seconds = dataset.start_time && dataset.end_time ? (Date.parse(dataset.end_time) - Date.parse(dataset.start_time)) / 1000 : null;
  return (
    <Stack gap="md">
      {dataset.description && (
        <Spoiler maxHeight={132} showLabel="Show all" hideLabel="Show less" fz="sm">
          {dataset.description}
        </Spoiler>
      )}
      <Facts
        facts={[
          { name: 'Kind', value: dataset.origin === 'simulated' ? `${kindWord(dataset.kind)}, simulated` : kindWord(dataset.kind), source: dataset.source_note },
          { name: 'Technique', value: dataset.techniques.map(({ iri, label }) => <Alike key={iri} search={{ technique: [iri] }}>{label}</Alike>) },
          { name: 'Sample', value: dataset.sample && <Alike search={{ q: `sample:"${dataset.sample.replaceAll('"', '')}"` }}>{dataset.sample}</Alike> },
          { name: 'Measured', value: dataset.start_time && <When at={dataset.start_time} exact /> },
          { name: 'Took', value: seconds !== null && seconds > 0 ? duration(seconds) : null },
          { name: 'Instrument', value: dataset.instrument && <Alike search={{ q: `instrument:"${dataset.instrument}"` }}>{dataset.instrument}</Alike> },
          { name: 'Facility', value: dataset.facility },
          {
            name: 'Proposal',
            value: (
              <Link to="/proposals/$name" params={{ name: dataset.proposal }} inherit>
                {dataset.proposal_title}
              </Link>
            ),
            source: dataset.proposal,
          },
          { name: 'Made by', value: dataset.job && <Link to="/jobs/$id" params={{ id: dataset.job }} inherit>this job</Link> },
          { name: 'Made in', value: dataset.session && <Link to="/sessions/$id" params={{ id: dataset.session }} inherit>this session</Link> },
          { name: dataset.open ? 'Open since' : 'Becomes open', value: dataset.release_time && <When at={dataset.release_time} exact /> },
          { name: 'Release', value: dataset.open || dataset.release_time ? null : 'No date is set' },
          { name: 'Licence', value: dataset.licence },
          { name: 'Published in', value: publications.length > 0 ? <PublishedIn publications={publications} /> : null },
          { name: 'Format', value: [dataset.format, ...dataset.definitions].join(', ') },
          { name: 'Size', value: bytes(dataset.size) },
          { name: 'Registered', value: <When at={dataset.created} exact /> },
          { name: 'Version', value: dataset.version > 1 || dataset.replaced_by ? String(dataset.version) : null },
          {
            name: 'Identifier',
            value: (
              <>
                <code>{dataset.pid}</code> <CopyIcon value={dataset.pid} label="Copy the identifier" />
              </>
            ),
          },
        ]}
      />
      {dataset.parameters.length > 0 && (
        <Facts facts={dataset.parameters.slice(0, FIRST).map(({ name, value, unit }) => ({ name: name.replaceAll('_', ' '), value: quantity(value, unit) }))} />
      )}
      <Quality dataset={dataset} />
      {dataset.kind === 'derived' && dataset.job && <Verify dataset={dataset} />}
    </Stack>
  );
}

/** Leads to everything that is alike in this. */
function Alike({ search, children }: { search: { q?: string; technique?: string[] }; children: string }) {
  return (
    <Link to="/search" search={search} inherit mr="xs" title="Find all with this">
      {children}
    </Link>
  );
}

function PublishedIn({ publications }: { publications: readonly PublicationOut[] }) {
  return (
    <>
      {publications.map(({ pid, title }) => (
        <div key={pid}>
          <Link to="/publications/$pid" params={{ pid }} inherit>
            {title}
          </Link>
        </div>
      ))}
    </>
  );
}
