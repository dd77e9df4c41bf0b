import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';

import { filesQuery } from '@/api/queries';
import type { JobPageOut } from '@/api/types';
import { Section } from '@/components/Page';

const Notebook = lazy(async () => ({ default: (await import('@/components/notebook/Notebook')).Notebook }));
const ENDING = '.ipynb';

/** The notebook that the job executed: a file of its result, or what a failed job kept. */
export function JobNotebook({ job }: { job: JobPageOut }) {
  const result = job.outputs[0]?.pid;
  const files = useQuery({ ...filesQuery(result ?? ''), enabled: result !== undefined }).data ?? [];
  const attached = files.find(({ name, role }) => role === 'attachment' && name.endsWith(ENDING));
  const kept = job.files.find(({ name }) => name.endsWith(ENDING));
  const found =
    attached && result !== undefined
      ? { href: `/api/v1/datasets/${encodeURIComponent(result)}/files/${String(attached.id)}/content`, name: attached.name, size: attached.size }
      : kept && { href: `/api/v1/jobs/${encodeURIComponent(job.id)}/files/${encodeURIComponent(kept.name)}`, name: kept.name, size: kept.size };
  if (!found) return null;
  return (
    <Section title="Executed notebook">
      <Suspense fallback={<Skeleton height={300} />}>
        <Notebook {...found} />
      </Suspense>
    </Section>
  );
}
