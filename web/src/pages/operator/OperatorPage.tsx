import { Progress, SimpleGrid, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { operatorQuery } from '@/api/queries';
import type { OperatorOut } from '@/api/types';
import { Link } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { Loaded, SkeletonRows } from '@/components/states';
import { When } from '@/components/text';
import { bytes, count, number, percent } from '@/format';

import { Components, Environments } from './Components';
import { PolicyTable } from '@/pages/access/PolicyTable';

import { PeopleTable, ProposalsTable } from './People';
import classes from './operator.module.css';
import { UserOffice } from './UserOffice';

const MINUTE = 60_000;

export function OperatorPage() {
  // Disk and health change without an event.
  const query = useQuery({ ...operatorQuery, refetchInterval: MINUTE });
  return (
    <Page title="Operation" description="People, data, work and health of this installation.">
      <Loaded query={query} skeleton={<SkeletonRows rows={8} />}>
        {(overview) => <Contents overview={overview} />}
      </Loaded>
    </Page>
  );
}

function Contents({ overview }: { overview: OperatorOut }) {
  const ended = (overview.jobs.succeeded ?? 0) + (overview.jobs.failed ?? 0) + (overview.jobs.lost ?? 0);
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm" mb="xl">
        <Figure name="People" value={count(overview.people)} note={`${count(overview.signed_in)} signed in`} />
        <Figure name="Proposals" value={count(overview.proposals)} />
        <Figure name="Datasets" value={count(overview.datasets)} note={bytes(overview.data_size)} />
        <Figure name="Jobs, 30 days" value={count(Object.values(overview.jobs).reduce((sum, n) => sum + n, 0))} note={ended > 0 ? `${percent((overview.jobs.succeeded ?? 0) / ended)} succeeded` : undefined} />
        <Figure name="CPU hours, 30 days" value={overview.cpu_hours > 0 && overview.cpu_hours < 0.1 ? '< 0.1' : number(overview.cpu_hours, 3)} />
        <Figure name="Quarantine" value={<Link to="/quarantine" inherit>{count(overview.quarantine)}</Link>} note="files not read" />
      </SimpleGrid>
      <div className={classes.columns}>
        <div>
          <Section title="Health">
            <Components components={overview.health.components} />
          </Section>
          <UserOffice />
          <Section title="What is available here">
            <Components components={overview.doctor} />
          </Section>
        </div>
        <div>
          <Section title="Jobs by state, 30 days">
            <Table fz="sm">
              <Table.Tbody>
                {Object.entries(overview.jobs).map(([state, n]) => (
                  <Table.Tr key={state}>
                    <Table.Td>{state}</Table.Td>
                    <Table.Td ta="right">{count(n)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            <Link to="/jobs" search={{ all: true }} size="sm">
              All jobs
            </Link>
          </Section>
          <Section title="Sessions">
            <Link to="/operator/sessions" size="sm">
              Running sessions: say something, stop one, drain a computer
            </Link>
          </Section>
          <Section title="Disk">
            {overview.disks.map(({ name, total, free, used_by_us: ours }) => (
              <div key={name} className={classes.disk}>
                <div className={classes.diskText}>
                  <Text size="sm">{name}</Text>
                  <Text size="xs" c="dimmed">
                    {bytes(free)} free of {bytes(total)}
                    {ours != null && `, ${bytes(ours)} ours`}
                  </Text>
                </div>
                <Progress value={total > 0 ? ((total - free) / total) * 100 : 0} color={free / total < 0.05 ? 'red' : free / total < 0.15 ? 'orange' : 'petrol'} size={6} aria-label={`Use of ${name}`} />
              </div>
            ))}
          </Section>
          <Section title="Environments">
            <Environments environments={overview.environments} />
          </Section>
        </div>
      </div>
      <div className={classes.columns}>
        <Section title="People, latest sign-in first">
          <PeopleTable people={overview.latest_people} />
        </Section>
        <Section title="Proposals by size">
          <ProposalsTable proposals={overview.largest_proposals} />
          <Link to="/proposals" size="sm">
            All proposals
          </Link>
        </Section>
      </div>
      <Section title="Data policy">
        <PolicyTable />
      </Section>
      <Section title="Latest actions" aside={<Link to="/audit" size="sm">Search the audit</Link>}>
        <Table.ScrollContainer minWidth={480} type="native">
          <Table fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={150}>When</Table.Th>
                <Table.Th w={160}>Who</Table.Th>
                <Table.Th>What</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {overview.audit.map((entry, index) => (
                <Table.Tr key={`${entry.time}${String(index)}`}>
                  <Table.Td>
                    <When at={entry.time} />
                  </Table.Td>
                  <Table.Td>{entry.actor ?? ''}</Table.Td>
                  <Table.Td>{entry.text}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Section>
    </>
  );
}

function Figure({ name, value, note }: { name: string; value: React.ReactNode; note?: string | undefined }) {
  return (
    <div className={classes.figure}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text fz={22} fw={600} lh={1.3} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {note ?? '\u00a0'}
      </Text>
    </div>
  );
}
