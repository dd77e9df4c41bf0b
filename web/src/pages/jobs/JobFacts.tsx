import { Text } from '@mantine/core';

import type { JobPageOut } from '@/api/types';
import { Link } from '@/components/links';
import { CopyIcon, Facts, When } from '@/components/text';
import { bytes, duration, number } from '@/format';

/** Who, where, with what, and what it used. */
export function JobFacts({ job }: { job: JobPageOut }) {
  return (
    <section aria-label="Details of the run">
      <Text fw={600} mb={4}>
        Details
      </Text>
      <Facts
        facts={[
          { name: 'Person', value: job.person },
          {
            name: 'Proposal',
            value: (
              <Link to="/proposals/$name" params={{ name: job.proposal }} inherit>
                {job.proposal}
              </Link>
            ),
          },
          { name: 'Recipe', value: `${job.recipe} ${job.recipe_version}` },
          { name: 'Engine', value: job.engine_title, source: job.engine_reason },
          { name: 'Place in the queue', value: job.queue?.place ? `${String(job.queue.place)} of ${String(job.queue.of)}` : null, source: job.queue?.reason },
          { name: 'Expected to start', value: job.queue?.expected_start ? <When at={job.queue.expected_start} exact /> : null },
          { name: 'Environment', value: job.environment, source: job.environment_key && `${job.environment_key.slice(0, 12)}…` },
          { name: 'Isolation', value: job.isolation },
          { name: 'Given', value: `${String(job.cores)} ${job.cores === 1 ? 'core' : 'cores'}, ${gpusOf(job)}${bytes(job.memory_mb * 1e6)}, ${duration(job.time_limit_s)}` },
          { name: 'Wall time', value: job.wall_s !== null ? duration(job.wall_s) : null },
          { name: 'CPU time', value: job.cpu_s !== null ? duration(job.cpu_s) : null, source: job.cpu_s && job.wall_s ? `${number(job.cpu_s / job.wall_s, 2)} cores busy on average` : null },
          { name: 'Memory peak', value: job.max_rss_mb !== null ? bytes(job.max_rss_mb * 1e6) : null },
          { name: 'Exit code', value: job.exit_code !== null && job.exit_code !== 0 ? String(job.exit_code) : null },
          { name: 'Attempt', value: job.attempt > 1 ? String(job.attempt) : null },
          { name: 'Repeats', value: job.repeats && <Link to="/jobs/$id" params={{ id: job.repeats }} inherit>an earlier job</Link> },
          { name: 'Requested', value: <When at={job.created} exact /> },
          {
            name: 'Identifier',
            value: (
              <>
                <code>{job.id}</code> <CopyIcon value={job.id} label="Copy the job's identifier" />
              </>
            ),
          },
        ]}
      />
    </section>
  );
}

function gpusOf({ gpus }: JobPageOut): string {
  return gpus === 0 ? '' : `${String(gpus)} ${gpus === 1 ? 'GPU' : 'GPUs'}, `;
}
