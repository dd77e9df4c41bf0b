import { IconCheck, IconX } from '@tabler/icons-react';

import type { JobPageOut } from '@/api/types';
import { isActive, JOB_LOOKS } from '@/components/marks';
import { useNow } from '@/components/text';
import { duration, fullTime, stopwatch, timeOfDay } from '@/format';

import classes from './jobs.module.css';

interface Step {
  word: string;
  at: string | null;
  until: string | null;
  now: boolean;
  bad?: boolean;
}

/** Requested, waiting, running, ended: when each began and how long it took. */
export function Timeline({ job }: { job: JobPageOut }) {
  const running = isActive(job.state);
  const now = useNow(running);
  const steps: Step[] = [
    { word: 'Requested', at: job.created, until: job.queued ?? job.started ?? job.ended, now: job.state === 'requested' },
    { word: 'Waiting', at: job.queued, until: job.started ?? job.ended, now: job.state === 'queued' },
    { word: 'Running', at: job.started, until: job.ended, now: job.state === 'running' },
    { word: running ? 'Done' : JOB_LOOKS[job.state].word, at: job.ended, until: null, now: false, bad: job.state === 'failed' || job.state === 'lost' },
  ];
  return (
    <ol className={classes.timeline} aria-label="Course of the job">
      {steps.map((step) => (
        <li key={step.word} className={classes.step} data-done={(step.at !== null && !step.now) || undefined} data-now={step.now || undefined} data-bad={step.bad || undefined} aria-current={step.now ? 'step' : undefined}>
          <span className={classes.dot} aria-hidden>
            {step.at !== null && !step.now && (step.bad ? <IconX size={10} stroke={3} /> : <IconCheck size={10} stroke={3} />)}
          </span>
          {step.word}
          {step.at && (
            <time className={classes.stepTime} dateTime={step.at} title={fullTime(step.at)}>
              {timeOfDay(step.at)}
              {took(step, now)}
            </time>
          )}
        </li>
      ))}
    </ol>
  );
}

function took({ at, until, now: current }: Step, now: number): string {
  if (!at) return '';
  if (current) return `, ${stopwatch((now - Date.parse(at)) / 1000)}`;
  const seconds = until ? (Date.parse(until) - Date.parse(at)) / 1000 : 0;
  return seconds >= 0.05 ? `, ${duration(seconds)}` : '';
}
