import { Button, Group, Select, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { proposalsQuery } from '@/api/queries';
import { useSession } from '@/app/session';
import { Section } from '@/components/Page';
import { ActionFailure } from '@/components/states';

import { Attach } from './Attach';
import { chainQuery, chainsQuery, type ChainPageOut } from './queries';

type Sharing = ChainPageOut['sharing'];

/** Who may use a chain of one's own, where it runs by itself, and its removal. */
export function ChainSharing({ chain }: { chain: ChainPageOut }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const role = useSession()?.person?.role;
  const staff = role === 'operator' || role === 'instrument_staff';
  const proposals = useQuery(proposalsQuery(true)).data ?? [];
  const [sharing, setSharing] = useState<Sharing>(chain.sharing);
  const [proposal, setProposal] = useState(chain.proposal);
  const refresh = () => queries.invalidateQueries({ queryKey: chainsQuery.queryKey });
  const params = { path: { chain_id: chain.id } };
  const share = useMutation({
    mutationFn: () => body(api.PUT('/api/v1/chains/{chain_id}/sharing', { params, body: { sharing, proposal: sharing === 'team' ? proposal : null } })),
    onSuccess: async (page) => {
      queries.setQueryData(chainQuery(page.id).queryKey, page);
      await refresh();
    },
  });
  const remove = useMutation({
    mutationFn: async () => {
      await api.DELETE('/api/v1/chains/{chain_id}', { params });
    },
    onSuccess: async () => {
      await navigate({ to: '/chains', ignoreBlocker: true });
      await refresh();
    },
  });
  const words = [
    { value: 'private', label: 'Only I' },
    { value: 'team', label: 'A proposal’s team' },
    ...(staff || sharing === 'published' ? [{ value: 'published', label: 'Everybody who signs in' }] : []),
  ];
  const same = sharing === chain.sharing && (sharing !== 'team' || proposal === chain.proposal);
  return (
    <Section title="Who may use it">
      <Group align="end" gap="sm">
        <Select label="Shared with" allowDeselect={false} data={words} value={sharing} onChange={(value) => setSharing((value ?? 'private') as Sharing)} />
        {sharing === 'team' && <Select label="Proposal" searchable data={proposals.map(({ name, title }) => ({ value: name, label: `${name} ${title}` }))} value={proposal} onChange={setProposal} />}
        <Button variant="default" disabled={same || (sharing === 'team' && !proposal)} loading={share.isPending} onClick={() => share.mutate()}>
          Share
        </Button>
      </Group>
      <ActionFailure error={share.error ?? remove.error} />
      {chain.attached.length > 0 && <Text size="sm" mt="xs">{`Runs by itself at ${chain.attached.join(', ')}.`}</Text>}
      {staff && chain.sharing === 'published' && <Attach chain={chain.id} />}
      {staff && chain.sharing !== 'published' && (
        <Text size="sm" c="dimmed" mt="xs">
          Once it is published it can run by itself on new measurements of your instrument.
        </Text>
      )}
      <Button
        mt="md"
        variant="subtle"
        color="red"
        size="compact-sm"
        onClick={() =>
          modals.openConfirmModal({
            title: `Remove “${chain.title}”?`,
            children: <Text size="sm">It is offered no more. Its runs and their results stay.</Text>,
            labels: { confirm: 'Remove', cancel: 'Keep it' },
            confirmProps: { color: 'red' },
            onConfirm: () => remove.mutate(),
          })
        }
      >
        Remove this chain
      </Button>
    </Section>
  );
}
