import { Badge, Button, Code, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { IconCheck, IconTerminal2, IconX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { useSession } from '@/app/session';
import { LinkButton } from '@/components/links';
import { Message } from '@/components/Message';
import { Page } from '@/components/Page';
import { ActionFailure, Loaded } from '@/components/states';
import { When } from '@/components/text';

const route = getRouteApi('/device');

const MEANING: Record<string, string> = {
  read: 'search, view and download what you may see',
  write: 'upload, edit metadata, manage your proposals',
  run: 'start and cancel analyses',
  admin: 'act as an operator',
};

/** A program asks for a token: compare the code, say yes or no. */
export function DevicePage() {
  const { code } = route.useSearch();
  const session = useSession();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState('');
  if (session && !session.person) {
    return (
      <Page title="A program wants to sign in" width="normal">
        <Message
          icon={IconTerminal2}
          title="First sign in yourself"
          actions={
            <LinkButton to="/sign-in" search={{ next: code ? `/device?code=${code}` : '/device' }}>
              Sign in
            </LinkButton>
          }
        >
          Then you come back here and decide.
        </Message>
      </Page>
    );
  }
  if (!code) {
    return (
      <Page title="A program wants to sign in" width="normal" description="Type the code that the program shows.">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void navigate({ search: { code: typed.trim().toUpperCase() } });
          }}
        >
          <Group align="end">
            <TextInput label="Code" placeholder="BCDF-GHJK" required withAsterisk={false} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
            <Button type="submit">Continue</Button>
          </Group>
        </form>
      </Page>
    );
  }
  return <Decision code={code} />;
}

function Decision({ code }: { code: string }) {
  const person = useSession()?.person;
  const query = useQuery({
    queryKey: ['device', code],
    queryFn: ({ signal }) => body(api.POST('/api/v1/device/look', { body: { user_code: code }, signal })),
    retry: false,
    staleTime: Infinity,
  });
  const decide = useMutation({
    mutationFn: (grant: boolean) => body(api.POST('/api/v1/device/decision', { body: { user_code: code, grant } })),
  });
  if (decide.isSuccess) {
    return decide.variables ? (
      <Message icon={IconCheck} level={1} title="The program is signed in" actions={<LinkButton to="/tokens">Access tokens</LinkButton>}>
        You can close this page. Take its token back at any time under “Access tokens”.
      </Message>
    ) : (
      <Message icon={IconX} level={1} title="The program was refused">
        It got nothing. You can close this page.
      </Message>
    );
  }
  return (
    <Page title="A program wants to sign in" width="normal">
      <Loaded query={query}>
        {(request) => (
          <Stack maw={560}>
            <Paper withBorder p="md">
              <Stack gap="sm">
                <div>
                  <Text size="sm" c="dimmed">
                    Does the program show this code?
                  </Text>
                  <Code fz={28} fw={600} aria-label="Code of the program">
                    {request.user_code}
                  </Code>
                </div>
                <Text size="sm">
                  It calls itself <strong>{request.client}</strong>, asks from {request.address} (<When at={request.created} />) and
                  would act as <strong>{person?.name}</strong> for 90 days:
                </Text>
                <Stack gap={4}>
                  {request.scopes.map((scope) => (
                    <Group key={scope} gap="xs">
                      <Badge size="sm" color="gray">
                        {scope}
                      </Badge>
                      <Text size="sm">{MEANING[scope]}</Text>
                    </Group>
                  ))}
                </Stack>
              </Stack>
            </Paper>
            <Text size="sm">If you did not start this program yourself just now, refuse.</Text>
            <ActionFailure error={decide.error} />
            <Group>
              <Button leftSection={<IconCheck size={16} />} loading={decide.isPending} onClick={() => decide.mutate(true)}>
                Yes, sign it in
              </Button>
              <Button variant="default" leftSection={<IconX size={16} />} onClick={() => decide.mutate(false)}>
                Refuse
              </Button>
            </Group>
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}
