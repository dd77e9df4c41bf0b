import { ActionIcon, Badge, Button, Checkbox, Code, Group, Modal, NumberInput, Stack, Table, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { modals } from '@mantine/modals';
import { IconKey, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { tokensQuery } from '@/api/queries';
import type { NewTokenOut, TokenIn, TokenOut } from '@/api/types';
import { useSession } from '@/app/session';
import { Page } from '@/components/Page';
import { ActionFailure, Empty, Loaded } from '@/components/states';
import { CopyText, When } from '@/components/text';

type Scope = NonNullable<TokenIn['scopes']>[number];

const SCOPES: { value: Scope; label: string; help: string }[] = [
  { value: 'read', label: 'read', help: 'Search, view and download what you may see' },
  { value: 'write', label: 'write', help: 'Upload, edit metadata, manage your proposals' },
  { value: 'run', label: 'run', help: 'Start and cancel analyses' },
  { value: 'admin', label: 'admin', help: 'Act as an operator' },
  { value: 'sessions', label: 'sessions', help: 'See who runs sessions and let them hibernate' },
];

export function TokensPage() {
  const query = useQuery(tokensQuery);
  const [creating, create] = useDisclosure(false);
  return (
    <Page
      title="Access tokens"
      width="normal"
      description="For the Python client and the command line. A token does at most what you may do yourself."
      actions={
        <Button leftSection={<IconPlus size={16} />} onClick={create.open}>
          New token
        </Button>
      }
    >
      <Loaded query={query}>
        {(tokens) =>
          tokens.length === 0 ? (
            <Empty icon={IconKey} title="You have no tokens">
              Make one to work with your data from Python: <Code>pandaas.connect(url, token=…)</Code>
            </Empty>
          ) : (
            <TokenTable tokens={tokens} />
          )
        }
      </Loaded>
      <Modal opened={creating} onClose={create.close} title="New token" closeOnClickOutside={false}>
        <NewToken onClose={create.close} />
      </Modal>
    </Page>
  );
}

function TokenTable({ tokens }: { tokens: TokenOut[] }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: (id: number) => body(api.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
  });
  const confirm = ({ id, name }: TokenOut) =>
    modals.openConfirmModal({
      title: `Delete the token “${name}”?`,
      children: <Text size="sm">Programs that use it are refused at once. This cannot be undone.</Text>,
      labels: { confirm: `Delete “${name}”`, cancel: 'Keep' },
      confirmProps: { color: 'red' },
      onConfirm: () => remove.mutate(id),
    });
  return (
    <>
      <ActionFailure error={remove.error} />
      <Table.ScrollContainer minWidth={520} type="native">
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>May</Table.Th>
              <Table.Th>Last used</Table.Th>
              <Table.Th>Ends</Table.Th>
              <Table.Th w={40}><VisuallyHidden>Delete</VisuallyHidden></Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {tokens.map((token) => (
              <Table.Tr key={token.id}>
                <Table.Td>{token.name}</Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    {token.scopes.map((scope) => (
                      <Badge key={scope} size="sm" color="gray">
                        {scope}
                      </Badge>
                    ))}
                  </Group>
                </Table.Td>
                <Table.Td>{token.last_used ? <When at={token.last_used} /> : 'never'}</Table.Td>
                <Table.Td>{token.expires ? <When at={token.expires} /> : 'never'}</Table.Td>
                <Table.Td>
                  <ActionIcon variant="subtle" color="gray" aria-label={`Delete ${token.name}`} onClick={() => confirm(token)}>
                    <IconTrash size={16} />
                  </ActionIcon>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

function NewToken({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const operator = useSession()?.person?.role === 'operator';
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['read']);
  const [days, setDays] = useState<number | ''>(90);
  const create = useMutation({
    mutationFn: () =>
      body(
        api.POST('/api/v1/tokens', {
          body: { name, scopes: SCOPES.map(({ value }) => value).filter((value) => scopes.includes(value)), expires_in_days: days === '' ? null : days },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
  });
  if (create.data) return <Made token={create.data} onClose={onClose} />;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Stack>
        <TextInput label="Name" description="Where you will use it, for example “laptop”" required maxLength={100} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Checkbox.Group label="It may" value={scopes} onChange={setScopes}>
          <Stack gap={6} mt={4}>
            {SCOPES.filter(({ value }) => (value !== 'admin' && value !== 'sessions') || operator).map(({ value, label, help }) => (
              <Checkbox key={value} value={value} label={label} description={help} />
            ))}
          </Stack>
        </Checkbox.Group>
        <NumberInput label="Ends after" description="Empty: never" suffix=" days" min={1} max={3650} allowDecimal={false} value={days} onChange={(value) => setDays(typeof value === 'number' ? value : '')} />
        <ActionFailure error={create.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending} disabled={scopes.length === 0}>
            Make the token
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Made({ token, onClose }: { token: NewTokenOut; onClose: () => void }) {
  return (
    <Stack>
      <Text size="sm">Copy it now: it is shown only this once.</Text>
      <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {token.token}
      </Code>
      <Group justify="space-between">
        <CopyText value={token.token}>Copy the token</CopyText>
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}
