import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { IconArrowRight, IconLink, IconUserPlus } from '@tabler/icons-react';
import { getRouteApi, useNavigate, useRouter } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

import type { ArrivalOut } from '@/api/types';
import { rememberArrival, useMakeAccount, useReturn } from '@/app/sign-in';
import { LinkButton } from '@/components/links';
import { Page } from '@/components/Page';
import { ActionFailure, SkeletonRows } from '@/components/states';

import { ForeignFacts } from './ForeignFacts';
import { LinkQuestion } from './LinkQuestion';

const route = getRouteApi('/signed-in/$provider');

/** Where a provider sends the browser back to. What it brought is used once and taken out of the address. */
export function ReturnPage() {
  const { provider } = route.useParams();
  const brought = route.useSearch();
  const router = useRouter();
  const arrive = useReturn(provider);
  const used = useRef(false);
  const { mutate } = arrive;
  useEffect(() => {
    if (used.current) return;
    used.current = true;
    window.history.replaceState(window.history.state, '', window.location.pathname);
    mutate(brought, {
      onSuccess: ({ outcome, next }) => {
        if (outcome === 'signed_in' || outcome === 'confirmed') router.history.replace(next);
      },
    });
  }, [brought, mutate, router]);
  if (arrive.error) {
    return (
      <Page title="You are not signed in" width="normal">
        <Stack maw={560}>
          <ActionFailure error={arrive.error} />
          <Group>
            <LinkButton to="/sign-in">Choose how to sign in</LinkButton>
            <LinkButton to="/" variant="default">
              Start page
            </LinkButton>
          </Group>
        </Stack>
      </Page>
    );
  }
  if (arrive.data?.outcome === 'new') return <Newcomer arrival={arrive.data} state={arrive.variables?.state ?? ''} />;
  if (arrive.data?.outcome === 'link') return <LinkQuestion arrival={arrive.data} state={arrive.variables?.state ?? ''} />;
  return (
    <Page title="Signing in" width="normal">
      <SkeletonRows rows={3} />
    </Page>
  );
}

/** Nobody has this identity yet: a new account, or one more way into an account she has. */
function Newcomer({ arrival, state }: { arrival: ArrivalOut; state: string }) {
  const router = useRouter();
  const navigate = useNavigate();
  const make = useMakeAccount();
  return (
    <Page title="Welcome" width="normal" description={`You have not been here with ${arrival.identity.provider} yet.`}>
      <Stack maw={560}>
        <ForeignFacts identity={arrival.identity} />
        <Paper withBorder p="md">
          <Stack gap="xs">
            <Text size="sm">Is this your first visit to this facility’s data?</Text>
            <Button
              leftSection={<IconUserPlus size={16} />}
              loading={make.isPending}
              onClick={() => make.mutate(state, { onSuccess: () => router.history.replace(arrival.next) })}
            >
              Yes, make my account
            </Button>
            <ActionFailure error={make.error} />
          </Stack>
        </Paper>
        <Paper withBorder p="md">
          <Stack gap="xs">
            <Text size="sm">
              You have an account here already? Sign in the way you did before; then you can add {arrival.identity.provider} to
              it, and your proposals stay together.
            </Text>
            <Button
              variant="default"
              leftSection={<IconLink size={16} />}
              rightSection={<IconArrowRight size={16} />}
              onClick={() => {
                rememberArrival(state);
                void navigate({ to: '/sign-in', search: { next: '/link' } });
              }}
            >
              I have an account
            </Button>
          </Stack>
        </Paper>
      </Stack>
    </Page>
  );
}
