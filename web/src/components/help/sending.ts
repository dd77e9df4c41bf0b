/** Which parts of a draft are sent. */
import type { HelpDraft, HelpRequestIn } from './queries';

/** One key for each part that can be unticked. */
export function keysOf(draft: HelpDraft): string[] {
  return [
    ...(draft.session ? ['session'] : []),
    ...(draft.job ? ['job'] : []),
    ...draft.datasets.map(({ pid }) => `dataset ${pid}`),
    ...draft.facts.map(({ name }) => `fact ${name}`),
    ...(draft.log === null ? [] : ['log']),
  ];
}

/** The parts that are ticked, exactly as they were shown. */
export function chosen(draft: HelpDraft, ticked: ReadonlySet<string>, log: string): Pick<HelpRequestIn, 'session' | 'job' | 'datasets' | 'facts' | 'log'> {
  return {
    session: ticked.has('session') ? draft.session : null,
    job: ticked.has('job') ? draft.job : null,
    datasets: draft.datasets.map(({ pid }) => pid).filter((pid) => ticked.has(`dataset ${pid}`)),
    facts: draft.facts.filter(({ name }) => ticked.has(`fact ${name}`)),
    log: ticked.has('log') && log.trim() ? log : null,
  };
}
