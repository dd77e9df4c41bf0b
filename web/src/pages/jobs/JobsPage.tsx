import { Group, Pagination, SegmentedControl, Switch, Table, Text } from '@mantine/core';
import { IconListCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { jobsQuery } from '@/api/queries';
import type { JobOut } from '@/api/types';
import { isStaff, useSession } from '@/app/session';
import { inputsText, JobProgress } from '@/components/jobs';
import { Link, LinkButton } from '@/components/links';
import { isActive, JobMark } from '@/components/marks';
import { Page } from '@/components/Page';
import { Empty, Loaded, SkeletonRows } from '@/components/states';
import { When } from '@/components/text';
import { duration, plural } from '@/format';

import classes from './jobs.module.css';

const route = getRouteApi('/jobs');

const STATES = {
  active: ['requested', 'queued', 'running'],
  succeeded: ['succeeded'],
  failed: ['failed', 'lost', 'cancelled'],
} as const;

const PAGE = 50;

export function JobsPage() {
  const { show, all, recipe, proposal, page = 1 } = route.useSearch();
  const navigate = route.useNavigate();
  const session = useSession();
  const query = useQuery(
    jobsQuery({
      ...(show && { state: [...STATES[show]] }),
      ...(recipe && { recipe }),
      ...(proposal && { proposal }),
      mine: !all,
      limit: PAGE,
      offset: (page - 1) * PAGE,
    }),
  );
  return (
    <Page title="Jobs" description="Analyses that wait, run or have ended.">
      <Group mb="md" gap="md">
        <SegmentedControl
          aria-label="Which jobs"
          size="xs"
          value={show ?? 'any'}
          onChange={(value) => void navigate({ search: (before) => ({ ...before, page: undefined, show: value === 'any' ? undefined : (value as keyof typeof STATES) }) })}
          data={[
            { value: 'any', label: 'All' },
            { value: 'active', label: 'At work' },
            { value: 'succeeded', label: 'Done' },
            { value: 'failed', label: 'Failed or stopped' },
          ]}
        />
        {isStaff(session) && (
          <Switch
            size="xs"
            label="Of everybody I may see"
            checked={all === true}
            onChange={(event) => {
              const { checked } = event.currentTarget;
              void navigate({ search: (before) => ({ ...before, all: checked || undefined, page: undefined }) });
            }}
          />
        )}
      </Group>
      <Loaded query={query} skeleton={<SkeletonRows rows={8} height={48} />}>
        {({ jobs, total }) =>
          jobs.length === 0 ? (
            <Empty icon={IconListCheck} title={show ? 'No job is in this state' : 'No jobs yet'} actions={!show && <LinkButton to="/search">Find data to analyse</LinkButton>}>
              Open a dataset and press Analyse.
            </Empty>
          ) : (
            <>
              <JobTable jobs={jobs} people={all === true} />
              <Group justify="space-between" mt="sm">
                <Text size="sm" c="dimmed">
                  {plural(total, 'job')}
                </Text>
                {total > PAGE && (
                  <Pagination size="sm" total={Math.ceil(total / PAGE)} value={page} onChange={(value) => void navigate({ search: (before) => ({ ...before, page: value === 1 ? undefined : value }) })} getControlProps={(control) => ({ 'aria-label': `${control} page` })} />
                )}
              </Group>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function JobTable({ jobs, people }: { jobs: JobOut[]; people: boolean }) {
  return (
    <Table.ScrollContainer minWidth={520} type="native" className={classes.room}>
      <Table highlightOnHover className={classes.table}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Analysis</Table.Th>
            <Table.Th>State</Table.Th>
            {people && <Table.Th>Person</Table.Th>}
            <Table.Th>Proposal</Table.Th>
            <Table.Th>Started</Table.Th>
            <Table.Th className={classes.medium}>Took</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {jobs.map((job) => (
            <Table.Tr key={job.id} className={classes.row}>
              <Table.Td className={classes.what}>
                <Link to="/jobs/$id" params={{ id: job.id }} className={classes.stretched} fw={500} underline="never" c="inherit">
                  {job.recipe_title}
                </Link>
                <Text size="xs" c="dimmed" lineClamp={1}>
                  {inputsText(job)}
                </Text>
                {job.state === 'failed' && job.failure && (
                  <Text size="xs" c="red" lineClamp={1}>
                    {job.failure}
                  </Text>
                )}
              </Table.Td>
              <Table.Td className={classes.state}>{isActive(job.state) && job.state !== 'requested' ? <JobProgress job={job} /> : <JobMark state={job.state} size="sm" />}</Table.Td>
              {people && <Table.Td>{job.person}</Table.Td>}
              <Table.Td className={classes.whole}>{job.proposal}</Table.Td>
              <Table.Td>
                <When at={job.started ?? job.created} />
              </Table.Td>
              <Table.Td className={`${classes.whole ?? ''} ${classes.medium ?? ''}`}>{job.started && job.ended ? duration((Date.parse(job.ended) - Date.parse(job.started)) / 1000) : ''}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
