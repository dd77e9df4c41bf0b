import { Group, Progress, Text } from '@mantine/core';

import type { JobOut } from '@/api/types';
import { duration, percent } from '@/format';

import classes from './jobs.module.css';
import { LinkPlain } from './links';
import { isActive, JOB_LOOKS, JobMark } from './marks';
import { Dots, When } from './text';

/** A job in one line: what, on which data, how far. */
export function JobLine({ job }: { job: JobOut }) {
  return (
    <LinkPlain to="/jobs/$id" params={{ id: job.id }} className={classes.line}>
      <div className={classes.text}>
        <Group gap={8} wrap="nowrap" justify="space-between">
          <Text size="sm" fw={500} truncate>
            {job.recipe_title}
          </Text>
          <JobMark state={job.state} size="sm" />
        </Group>
        <Text size="xs" c="dimmed" truncate component="div">
          <Dots parts={[inputsText(job), <When key="t" at={job.ended ?? job.started ?? job.created} />]} />
        </Text>
        {isActive(job.state) && <JobProgress job={job} />}
        {job.state === 'failed' && job.failure && (
          <Text size="xs" c="red" lineClamp={2}>
            {job.failure}
          </Text>
        )}
      </div>
    </LinkPlain>
  );
}

export function inputsText(job: JobOut): string {
  const [first, ...more] = job.inputs;
  if (!first) return '';
  const title = first.hidden ? 'a dataset you may not see' : first.title;
  return more.length > 0 ? `${title} and ${String(more.length)} more` : title;
}

/** Fraction when it is known, movement when it is not; the text says the rest. */
export function JobProgress({ job, size = 'xs' }: { job: JobOut; size?: 'xs' | 'md' }) {
  const known = job.progress !== null;
  const text = progressText(job);
  return (
    <div className={classes.progress}>
      <Progress
        value={known ? (job.progress ?? 0) * 100 : 100}
        size={size === 'xs' ? 4 : 8}
        color={JOB_LOOKS[job.state].color}
        animated={!known && job.state === 'running'}
        striped={!known && job.state === 'running'}
        aria-label={`Progress of ${job.recipe_title}`}
      />
      <Text size={size === 'xs' ? 'xs' : 'sm'} c="dimmed" className={classes.progressText}>
        {text}
      </Text>
    </div>
  );
}

export function progressText(job: JobOut): string {
  const parts = [
    job.progress !== null ? percent(job.progress) : null,
    job.message || job.phase || JOB_LOOKS[job.state].word,
    job.remaining_s != null && job.remaining_s > 1 ? `about ${duration(job.remaining_s, 1)} left` : null,
  ];
  return parts.filter(Boolean).join(' · ');
}
