import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';

import type { ArrivalOut } from '@/api/types';
import { rememberArrival, useLinkArrival } from '@/app/sign-in';
import { Page } from '@/components/Page';
import { ActionFailure } from '@/components/states';

import { ForeignFacts } from './ForeignFacts';

/** Both names, side by side, before two identities become one person. */
export function LinkQuestion({ arrival, state }: { arrival: ArrivalOut; state: string }) {
  const link = useLinkArrival();
  const navigate = useNavigate();
  const { identity, person } = arrival;
  if (!person) return null;
  const leave = () => {
    rememberArrival(null);
    void navigate({ to: '/account' });
  };
  return (
    <Page title="Is this you too?" width="normal" description="Afterwards either one lets you into the same account.">
      <Stack maw={560}>
        <Paper withBorder p="md" component="section" aria-label="Your account here">
          <Text fw={600}>Your account here</Text>
          <Text size="sm">
            {person.name} ({person.user}){person.affiliation ? `, ${person.affiliation}` : ''}
          </Text>
        </Paper>
        <ForeignFacts identity={identity} />
        <Text size="sm">
          Link “{identity.name}” of {identity.provider} to the account of “{person.name}” only if both are yours: whoever signs
          in with it has all your rights here.
        </Text>
        <ActionFailure error={link.error} />
        <Group>
          <Button
            leftSection={<IconLink size={16} />}
            loading={link.isPending}
            onClick={() => link.mutate(state, { onSuccess: () => void navigate({ to: '/account' }) })}
          >
            Yes, link {identity.provider}
          </Button>
          <Button variant="default" onClick={leave}>
            No, leave it
          </Button>
        </Group>
      </Stack>
    </Page>
  );
}
