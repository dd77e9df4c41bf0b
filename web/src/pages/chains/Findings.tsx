import { Anchor, Group, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';

import { Section } from '@/components/Page';

import classes from './chains.module.css';
import type { ChainFindingOut } from './queries';

interface FindingsProps {
  findings: readonly ChainFindingOut[];
  pending: boolean;
  choose: (name: string) => void;
  /** Nothing is composed yet. */
  empty: boolean;
}

/** What the service says of the chain as it is now; a finding leads to its step. */
export function Findings({ findings, pending, choose, empty }: FindingsProps) {
  return (
    <Section title="Check">
      <div role="status" aria-live="polite" aria-busy={pending}>
        {empty ? (
          <Text size="sm">Choose “Sample” and add the first step to it.</Text>
        ) : findings.length === 0 && !pending ? (
          <Group gap="xs">
            <IconCircleCheck size={16} color="var(--mantine-color-green-7)" aria-hidden />
            <Text size="sm">This chain can run.</Text>
          </Group>
        ) : (
          findings.map((finding) => <Finding key={`${finding.field} ${finding.message}`} finding={finding} choose={choose} />)
        )}
      </div>
    </Section>
  );
}

function Finding({ finding: { step, field, message, remedy, serious }, choose }: { finding: ChainFindingOut; choose: (name: string) => void }) {
  const Mark = serious ? IconAlertTriangle : IconInfoCircle;
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" className={classes.finding}>
      <Mark size={16} color={`var(--mantine-color-${serious ? 'red' : 'blue'}-6)`} role="img" aria-label={serious ? 'Mistake' : 'Remark'} style={{ flex: 'none', marginTop: 3 }} />
      <div>
        {message} {remedy}{' '}
        {step !== null && (
          <Anchor component="button" type="button" inherit underline="always" onClick={() => choose(step)}>
            {field.split('.').slice(1).join(' › ')}
          </Anchor>
        )}
      </div>
    </Group>
  );
}

/** What is said of one field, without the words that name its step. */
export function faultAt(findings: readonly ChainFindingOut[], field: string): string | undefined {
  const found = findings.find((one) => one.serious && (one.field === field || one.field.startsWith(`${field}.`)));
  return found && `${found.message.replace(/^Step '[^']*': /u, '')} ${found.remedy}`;
}
