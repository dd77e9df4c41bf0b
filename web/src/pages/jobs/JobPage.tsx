import { Alert, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { jobQuery } from '@/api/queries';
import type { JobInputOut, JobPageOut } from '@/api/types';
import { DatasetLine } from '@/components/datasets';
import { inputsText, JobProgress } from '@/components/jobs';
import { Link } from '@/components/links';
import { isActive, JOB_LOOKS, JobMark } from '@/components/marks';
import { Page, Section } from '@/components/Page';
import { Loaded, SkeletonRows } from '@/components/states';
import { Facts } from '@/components/text';
import { plural } from '@/format';

import { JobActions } from './JobActions';
import { JobFacts } from './JobFacts';
import { JobLog } from './JobLog';
import { JobNotebook } from './JobNotebook';
import classes from './jobs.module.css';
import { LivePlot } from './LivePlot';
import { Parameters } from './Parameters';
import { Timeline } from './Timeline';

const route = getRouteApi('/jobs/$id');

export function JobPage() {
  const { id } = route.useParams();
  const query = useQuery(jobQuery(id));
  const job = query.data;
  return (
    <Page
      title={job?.recipe_title ?? 'Job'}
      marks={job && <JobMark state={job.state} size="lg" />}
      description={job && <>on {inputsText(job)}</>}
      crumbs={[{ label: 'Jobs', to: '/jobs' }, { label: job?.recipe_title ?? id }]}
      actions={job && <JobActions job={job} />}
    >
      <Loaded query={query} skeleton={<SkeletonRows rows={8} />}>
        {(loaded) => <Contents job={loaded} />}
      </Loaded>
    </Page>
  );
}

function Contents({ job }: { job: JobPageOut }) {
  const outputs = job.outputs;
  const warnings = job.warnings;
  return (
    <div className={classes.layout}>
      <div style={{ minWidth: 0 }}>
        {/* Read out on every change of state, not on every step of progress. */}
        <div role="status" aria-live="polite" style={{ position: 'absolute', width: 1, height: 1, overflow: 'hidden' }}>
          {`The job is ${JOB_LOOKS[job.state].word.toLowerCase()}.`}
        </div>
        <Failed job={job} />
        <Timeline job={job} />
        {isActive(job.state) && (
          <Section title="Progress">
            <JobProgress job={job} size="md" />
          </Section>
        )}
        {warnings.length > 0 && (
          <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} title={plural(warnings.length, 'warning')} mb="lg">
            <ul style={{ margin: 0, paddingLeft: 18 }}>
              {warnings.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          </Alert>
        )}
        {outputs.length > 0 && (
          <Section title={outputs.length === 1 ? 'Your result is ready' : `${plural(outputs.length, 'result')} ready`}>
            {outputs.map((card) => (
              <div key={card.pid} className={classes.result}>
                <DatasetLine card={card} />
              </div>
            ))}
          </Section>
        )}
        <JobNotebook job={job} />
        {job.verifies && <Verifies pid={job.verifies} />}
        <LivePlot preview={job.preview} running={isActive(job.state)} />
        <JobLog job={job} />
      </div>
      <Stack gap="xl" component="aside" aria-label="Details">
        <section aria-label="Inputs">
          <Text fw={600} mb={4}>
            Inputs
          </Text>
          <Facts
            facts={slotsOf(job).map(([slot, inputs]) => ({
              name: slot.replaceAll('_', ' '),
              value: inputs.map((input) => (
                <div key={input.pid}>
                  {input.hidden ? (
                    'a dataset you may not see'
                  ) : (
                    <Link to="/datasets/$pid" params={{ pid: input.pid }} inherit>
                      {input.title}
                    </Link>
                  )}
                </div>
              )),
            }))}
          />
        </section>
        <Parameters job={job} />
        <JobFacts job={job} />
      </Stack>
    </div>
  );
}

function slotsOf(job: JobPageOut): [string, JobInputOut[]][] {
  const slots = new Map<string, JobInputOut[]>();
  for (const input of job.inputs) slots.set(input.slot, [...(slots.get(input.slot) ?? []), input]);
  return [...slots];
}

/** First what happened and what to do, in one sentence each; the log comes after. */
function Failed({ job }: { job: JobPageOut }) {
  if (job.state !== 'failed' && job.state !== 'lost') return null;
  return (
    <div className={classes.failure} role="alert">
      <Text fw={600}>{job.failure ?? (job.state === 'lost' ? 'The job was lost: the computer no longer knows it and left no record of its end.' : 'The job failed without saying why.')}</Text>
      <Text size="sm">{job.remedy ?? (job.may_repeat ? 'See the end of the log below, then run it again.' : 'See the end of the log below.')}</Text>
    </div>
  );
}

function Verifies({ pid }: { pid: string }) {
  return (
    <Text size="sm" mb="lg">
      This run only verifies an earlier result:{' '}
      <Link to="/datasets/$pid" params={{ pid }} inherit>
        open that result
      </Link>
      .
    </Text>
  );
}

