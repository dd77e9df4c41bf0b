import { ActionIcon, Badge, Button, Group, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconKey, IconLinkPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import type { AccountOut, BrowserOut, IdentityOut } from '@/api/types';
import { accountQuery, useBegin, waysQuery } from '@/app/sign-in';
import { LinkButton } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { ActionFailure, Loaded } from '@/components/states';
import { When } from '@/components/text';

import { browserName } from './browserName';
import { Confirm } from './Confirm';

/** Who you are here, how you sign in, and where you are signed in. */
export function AccountPage() {
  const query = useQuery(accountQuery);
  return (
    <Page
      title="Your account"
      width="normal"
      description={query.data && [query.data.person.name, query.data.person.user, query.data.person.affiliation].filter(Boolean).join(' · ')}
      actions={
        <LinkButton to="/tokens" variant="default" leftSection={<IconKey size={16} />}>
          Access tokens
        </LinkButton>
      }
    >
      <Loaded query={query}>
        {(account) => (
          <Stack gap="lg">
            <Identities account={account} />
            <Browsers browsers={account.browsers} />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function Identities({ account }: { account: AccountOut }) {
  const queries = useQueryClient();
  const ways = useQuery(waysQuery).data;
  const begin = useBegin();
  const unlink = useMutation({
    mutationFn: (id: number) =>
      body(api.DELETE('/api/v1/account/identities/{identity_id}', { params: { path: { identity_id: id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: accountQuery.queryKey }),
  });
  const ask = ({ id, provider, label }: IdentityOut) =>
    modals.openConfirmModal({
      title: `Unlink “${label ?? provider}”?`,
      children: (
        <Text size="sm">
          It no longer lets you in; browsers that came through it are signed out, and what its groups gave you is gone.
        </Text>
      ),
      labels: { confirm: `Unlink ${provider}`, cancel: 'Keep' },
      confirmProps: { color: 'red' },
      onConfirm: () => unlink.mutate(id),
    });
  return (
    <Section title="How you sign in">
      <Stack gap="sm">
        {account.has_password && <Text size="sm">With the user name “{account.person.user}” and your password.</Text>}
        {account.identities.length > 0 && (
          <Table.ScrollContainer minWidth={520} type="native">
            <Table fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Provider</Table.Th>
                  <Table.Th>As</Table.Th>
                  <Table.Th>Its groups give you</Table.Th>
                  <Table.Th>Last used</Table.Th>
                  <Table.Th w={40}>
                    <VisuallyHidden>Unlink</VisuallyHidden>
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {account.identities.map((one) => (
                  <Table.Tr key={one.id}>
                    <Table.Td>{one.provider}</Table.Td>
                    <Table.Td style={{ overflowWrap: 'anywhere' }}>
                      {one.label ?? one.subject}
                      <Text size="xs" c="dimmed">
                        {one.label ? one.subject : null}
                      </Text>
                    </Table.Td>
                    <Table.Td>{one.gives.length > 0 ? one.gives.join(', ') : '–'}</Table.Td>
                    <Table.Td>{one.last_used ? <When at={one.last_used} /> : 'never'}</Table.Td>
                    <Table.Td>
                      <ActionIcon variant="subtle" color="gray" disabled={!account.confirmed} aria-label={`Unlink ${one.label ?? one.provider}`} onClick={() => ask(one)}>
                        <IconTrash size={16} />
                      </ActionIcon>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
        <ActionFailure error={unlink.error ?? begin.error} />
        {ways && ways.providers.length > 0 && account.confirmed && (
          <Group gap="xs">
            {ways.providers.map(({ id, title }) => (
              <Button
                key={id}
                variant="default"
                leftSection={<IconLinkPlus size={16} />}
                loading={begin.isPending && begin.variables.provider === id}
                onClick={() => begin.mutate({ provider: id, purpose: 'link', next: '/account' })}
              >
                Link {title}
              </Button>
            ))}
          </Group>
        )}
        {!account.confirmed && (account.identities.length > 0 || (ways?.providers.length ?? 0) > 0) && <Confirm account={account} />}
      </Stack>
    </Section>
  );
}

function Browsers({ browsers }: { browsers: BrowserOut[] }) {
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: (id: number) =>
      body(api.DELETE('/api/v1/account/browsers/{sign_in_id}', { params: { path: { sign_in_id: id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: accountQuery.queryKey }),
  });
  return (
    <Section title="Where you are signed in">
      <ActionFailure error={end.error} />
      <Table.ScrollContainer minWidth={520} type="native">
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Browser</Table.Th>
              <Table.Th>Address</Table.Th>
              <Table.Th>Through</Table.Th>
              <Table.Th>Since</Table.Th>
              <Table.Th>Ends</Table.Th>
              <Table.Th w={40}>
                <VisuallyHidden>Sign out</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {browsers.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>
                  <Group gap="xs">
                    <span title={one.client ?? undefined}>{browserName(one.client)}</span>
                    {one.is_this && <Badge size="sm">this one</Badge>}
                  </Group>
                </Table.Td>
                <Table.Td>{one.address ?? '–'}</Table.Td>
                <Table.Td>{one.provider ?? 'password'}</Table.Td>
                <Table.Td>
                  <When at={one.since} />
                </Table.Td>
                <Table.Td>
                  <When at={one.expires} />
                </Table.Td>
                <Table.Td>
                  {!one.is_this && (
                    <ActionIcon variant="subtle" color="gray" aria-label={`Sign out ${browserName(one.client)}`} onClick={() => end.mutate(one.id)}>
                      <IconTrash size={16} />
                    </ActionIcon>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  );
}
