import { Button, Group, Table, Text } from '@mantine/core';
import { IconPlus, IconTimeline } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { DatasetCard } from '@/api/types';
import { Link, LinkButton } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { ActionFailure, Empty, Loaded } from '@/components/states';
import { When } from '@/components/text';
import { plural } from '@/format';

import { useAsked } from './Asked';
import { ChosenInput } from './ChosenInput';
import { ChainGraph } from './ChainGraph';
import { needed } from './fitting';
import { StateMark } from './marks';
import { chainRunsQuery, chainsQuery, type ChainOut, type ChainRunOut } from './queries';

const AT_FIRST = 20;

/** Recipes composed into one analysis: what there is, and what ran last. */
export function ChainsPage() {
  const chains = useQuery(chainsQuery);
  const runs = useQuery(chainRunsQuery);
  return (
    <Page
      title="Chains"
      description="Recipes composed into one analysis."
      actions={
        <LinkButton to="/chains/edit" leftSection={<IconPlus size={16} />}>
          New chain
        </LinkButton>
      }
    >
      <Loaded query={chains}>{(list) => <All chains={list} />}</Loaded>
      <Section title="Latest runs">
        <Loaded query={runs}>{(page) => <RunTable runs={page.runs} />}</Loaded>
      </Section>
    </Page>
  );
}

function All({ chains }: { chains: ChainOut[] }) {
  const [shown, show] = useState(AT_FIRST);
  if (chains.length === 0) return <Empty title="No chains yet">Compose one, or ask the instrument’s staff to publish theirs.</Empty>;
  return (
    <>
      {chains.slice(0, shown).map((chain) => (
        <One key={chain.id} chain={chain} />
      ))}
      {chains.length > shown && (
        <Button variant="default" onClick={() => show(shown + AT_FIRST)}>
          {`Show more of ${plural(chains.length, 'chain')}`}
        </Button>
      )}
    </>
  );
}

function One({ chain }: { chain: ChainOut }) {
  const [cards, setCards] = useState<Record<string, DatasetCard>>({});
  const navigate = useNavigate();
  const queries = useQueryClient();
  const inputs = needed(chain);
  const { fields, parameters } = useAsked(chain);
  const chosen = Object.fromEntries(inputs.map(({ name }) => [name, [cards[name]?.pid ?? '']]));
  const start = useMutation({
    mutationFn: () => body(api.POST('/api/v1/chain-runs', { body: { chain: chain.id, inputs: chosen, parameters, fill: true } })),
    onSuccess: ([first]) => {
      void queries.invalidateQueries({ queryKey: ['chain-runs'] });
      if (first) void navigate({ to: '/chains/runs/$id', params: { id: first.id } });
    },
  });
  return (
    <Section title={chain.title} aside={<Aside chain={chain} />}>
      <Text size="sm" c="dimmed" mb="xs">
        {chain.summary} {chain.attached.length > 0 && `Runs by itself at ${chain.attached.join(', ')}.`}
      </Text>
      <ChainGraph inputs={chain.inputs} steps={chain.steps.map((step) => ({ ...step, title: step.title || step.recipe, detail: step.recipe }))} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate();
        }}
      >
        {fields}
        <Group align="end" gap="sm" mt="xs">
          {inputs.map(({ name, title }) => (
            <ChosenInput key={name} title={title} chosen={cards[name]} onChoose={(card) => setCards({ ...cards, [name]: card })} />
          ))}
          <Button type="submit" variant="light" loading={start.isPending} disabled={inputs.some(({ name }) => !cards[name])}>
            Run
          </Button>
        </Group>
      </form>
      <ActionFailure error={start.error} />
    </Section>
  );
}

function Aside({ chain }: { chain: ChainOut }) {
  return (
    <Group gap="md">
      {chain.sharing !== 'published' && (
        <Text size="sm" c="dimmed">
          {chain.sharing === 'team' ? `shared with the team of ${chain.proposal ?? 'a proposal'}` : 'private'}
        </Text>
      )}
      <Link to="/chains/edit" search={{ chain: chain.id }} size="sm" aria-label={`${chain.may_change ? 'Edit' : 'Copy and change'} ${chain.title}`}>
        {chain.may_change ? 'Edit' : 'Copy and change'}
      </Link>
      <Link to="/chains/series" search={{ chain: chain.id }} size="sm">
        Trend of its results
      </Link>
    </Group>
  );
}

function RunTable({ runs }: { runs: ChainRunOut[] }) {
  if (runs.length === 0) return <Empty icon={IconTimeline} title="No runs yet">Run a chain on a dataset above.</Empty>;
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Data</Table.Th>
          <Table.Th>Chain</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th>By</Table.Th>
          <Table.Th>Started</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {runs.map((run) => (
          <Table.Tr key={run.id}>
            <Table.Td>
              <Link to="/chains/runs/$id" params={{ id: run.id }}>
                {run.inputs[0]?.title ?? run.id}
              </Link>
            </Table.Td>
            <Table.Td>{run.chain_title}</Table.Td>
            <Table.Td>
              <StateMark state={run.state} />
            </Table.Td>
            <Table.Td>{run.person}</Table.Td>
            <Table.Td>
              <When at={run.created} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
