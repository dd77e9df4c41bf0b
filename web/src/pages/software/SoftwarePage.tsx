import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import type { SoftwareOut } from '@/api/types';
import { Page, Section } from '@/components/Page';
import { Loaded, SkeletonRows } from '@/components/states';

import { softwareQuery } from './queries';
import { SoftwareEntry } from './SoftwareEntry';

const SECTIONS: { kind: SoftwareOut['kind']; title: string }[] = [
  { kind: 'environment', title: 'Environments of recipes' },
  { kind: 'program', title: 'Installed programs that recipes call' },
  { kind: 'application', title: 'Interactive programs' },
];

/** What is installed here, what uses it, and what is not: why, and what to do. */
export function SoftwarePage() {
  const query = useQuery(softwareQuery);
  return (
    <Page title="Software" description="The codes that are installed at this facility, and those that recipes or sessions could use if they were.">
      <Loaded query={query} skeleton={<SkeletonRows rows={6} height={120} />}>
        {(all) => (
          <>
            {SECTIONS.map(({ kind, title }) => {
              const entries = all.filter((entry) => entry.kind === kind);
              return (
                entries.length > 0 && (
                  <Section key={kind} title={title}>
                    <Stack gap="sm">
                      {entries.map((entry) => (
                        <SoftwareEntry key={`${kind}-${entry.id}`} entry={entry} />
                      ))}
                    </Stack>
                  </Section>
                )
              );
            })}
          </>
        )}
      </Loaded>
    </Page>
  );
}
