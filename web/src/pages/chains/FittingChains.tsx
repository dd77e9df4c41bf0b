import { Button, Group, Text } from '@mantine/core';
import { IconTimeline } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { api, body } from '@/api/client';
import type { OfferOut } from '@/api/types';
import { Section } from '@/components/Page';
import { ActionFailure } from '@/components/states';

import { useAsked } from './Asked';
import { fitting, needed } from './fitting';
import { chainsQuery, type ChainOut } from './queries';

/** Chains whose first step takes these datasets; each dataset is a run of its own. */
export function FittingChains({ pids, offers }: { pids: readonly string[]; offers: readonly OfferOut[] }) {
  const found = fitting(useQuery(chainsQuery).data ?? [], offers.map(({ recipe }) => recipe.id));
  if (found.length === 0) return null;
  return (
    <Section title="Several steps at once">
      {found.map((chain) => (
        <One key={chain.id} chain={chain} pids={pids} />
      ))}
    </Section>
  );
}

function One({ chain, pids }: { chain: ChainOut; pids: readonly string[] }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const main = needed(chain)[0]?.name ?? '';
  const { fields, parameters } = useAsked(chain);
  const start = useMutation({
    mutationFn: () => body(api.POST('/api/v1/chain-runs', { body: { chain: chain.id, inputs: { [main]: [...pids] }, parameters, fill: true } })),
    onSuccess: ([first, ...others]) => {
      void queries.invalidateQueries({ queryKey: ['chain-runs'] });
      if (first) {
        void (others.length > 0
          ? navigate({ to: '/chains/series', search: { series: first.series } })
          : navigate({ to: '/chains/runs/$id', params: { id: first.id } }));
      }
    },
  });
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start" mb="sm">
      <div>
        <Text fw={500}>{chain.title}</Text>
        <Text size="sm" c="dimmed">
          {chain.steps.map(({ title, recipe }) => title || recipe).join(' → ')}
        </Text>
        {fields}
      </div>
      <Button variant="default" flex="none" leftSection={<IconTimeline size={16} />} loading={start.isPending} onClick={() => start.mutate()} aria-label={`Run ${chain.title}`}>
        Run
      </Button>
      <ActionFailure error={start.error} />
    </Group>
  );
}
