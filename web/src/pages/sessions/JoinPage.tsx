import { Button, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconLinkOff } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { api, body } from '@/api/client';
import type { InvitedOut } from '@/api/types';
import { usePerson } from '@/app/session';
import { LinkButton } from '@/components/links';
import { Page } from '@/components/Page';
import { ActionFailure, Empty, Loaded } from '@/components/states';

import { youWatch, youWorkAlong } from './words';

const KEPT = 'pandaas-invitation';

/** Where an invitation leads. Its secret leaves the address at once, and is kept in this tab while its holder signs in. */
export function JoinPage() {
  const [secret] = useState(() => window.location.hash.slice(1) || (window.sessionStorage.getItem(KEPT) ?? ''));
  useEffect(() => {
    if (!secret) return;
    window.sessionStorage.setItem(KEPT, secret);
    window.history.replaceState(window.history.state, '', window.location.pathname);
  }, [secret]);
  const invitation = useQuery({
    queryKey: ['invitation'],
    queryFn: ({ signal }) => body(api.POST('/api/v1/invitations/look', { body: { secret }, signal })),
    enabled: secret !== '',
    retry: false,
  });
  return (
    <Page title="Invitation" width="list">
      {secret === '' ? (
        <Empty icon={IconLinkOff} title="No invitation is open in this browser">
          Open the address that you were given, as a whole.
        </Empty>
      ) : (
        <Loaded query={invitation}>{(found) => <Invitation found={found} secret={secret} />}</Loaded>
      )}
    </Page>
  );
}

function Invitation({ found, secret }: { found: InvitedOut; secret: string }) {
  const person = usePerson();
  return (
    <Stack gap="md" maw={560}>
      <Title order={2} size="h4">
        {found.person} invites you into “{found.title}”
      </Title>
      <Text>{found.may === 'full' ? `You work along, ${youWorkAlong(found.person)}` : `You watch: ${youWatch(found.kind)}`}</Text>
      {!found.runs && <Text c="dimmed">It does not run at the moment.</Text>}
      {person ? <Accept secret={secret} name={person.name} /> : <SignInFirst />}
      {!person && found.as_guest && <AsGuest secret={secret} />}
    </Stack>
  );
}

function Accept({ secret, name }: { secret: string; name: string }) {
  const navigate = useNavigate();
  const accept = useMutation({
    mutationFn: () => body(api.POST('/api/v1/invitations/accept', { body: { secret } })),
    onSuccess: ({ session_id }) => {
      window.sessionStorage.removeItem(KEPT);
      return navigate({ to: '/sessions/$id', params: { id: session_id } });
    },
  });
  return (
    <div>
      <Button loading={accept.isPending} onClick={() => accept.mutate()}>
        Join as {name}
      </Button>
      <ActionFailure error={accept.error} />
    </div>
  );
}

function SignInFirst() {
  return (
    <Group>
      <LinkButton to="/sign-in" search={{ next: '/join' }}>
        Sign in to join
      </LinkButton>
    </Group>
  );
}

function AsGuest({ secret }: { secret: string }) {
  const [name, setName] = useState('');
  const navigate = useNavigate();
  const visit = useMutation({
    mutationFn: () => body(api.POST('/api/v1/invitations/visit', { body: { secret, name } })),
    onSuccess: () => {
      window.sessionStorage.removeItem(KEPT);
      return navigate({ to: '/visit' });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        visit.mutate();
      }}
    >
      <Text size="sm" c="dimmed" mb={4}>
        Or watch without an account:
      </Text>
      <Group align="flex-end">
        <TextInput label="Your name, for the others to see" maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Button type="submit" variant="default" disabled={name.trim() === ''} loading={visit.isPending}>
          Watch as a guest
        </Button>
      </Group>
      <ActionFailure error={visit.error} />
    </form>
  );
}
