import { Button, Group } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { Section } from '@/components/Page';
import { ActionFailure } from '@/components/states';

import { useAsked } from './Asked';
import { chainQuery, chainRunQuery, type ChainPageOut, type ChainRunOut } from './queries';

/** What goes on where a run ended: the steps without a result run again, with other values of what the chain asks for. */
export function Restart({ run }: { run: ChainRunOut }) {
  const { data, isPending } = useQuery({ ...chainQuery(run.chain, run.number), retry: false });
  if (isPending) return null;
  return <Form key={run.attempt} run={run} steps={data ? unfinished(data, run) : []} />;
}

type Steps = ChainPageOut['steps'];

/** Steps that will run again, with the parameters that this run gave them. */
function unfinished(chain: ChainPageOut, run: ChainRunOut): Steps {
  return chain.steps.flatMap((step) => {
    const ran = run.steps.find(({ name }) => name === step.name);
    return ran?.result === null ? [{ ...step, parameters: { ...step.parameters, ...ran.parameters } }] : [];
  });
}

function Form({ run, steps }: { run: ChainRunOut; steps: Steps }) {
  const queries = useQueryClient();
  const { fields, parameters } = useAsked({ steps });
  const restart = useMutation({
    mutationFn: () => body(api.POST('/api/v1/chain-runs/{run_id}/restart', { params: { path: { run_id: run.id } }, body: { parameters, first: [] } })),
    onSuccess: (after) => queries.setQueryData(chainRunQuery(run.id).queryKey, after),
  });
  return (
    <Section title="Go on">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          restart.mutate();
        }}
      >
        {fields}
        <Group mt="sm">
          <Button type="submit" loading={restart.isPending}>
            Restart from the failed step
          </Button>
        </Group>
      </form>
      <ActionFailure error={restart.error} />
    </Section>
  );
}
