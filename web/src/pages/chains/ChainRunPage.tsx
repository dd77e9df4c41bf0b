import { Button, Group, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { api, body } from '@/api/client';
import { Link, LinkButton } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { ActionFailure, Loaded, SkeletonRows } from '@/components/states';
import { Facts } from '@/components/text';

import { ChainGraph } from './ChainGraph';
import { StateMark } from './marks';
import { Restart } from './Restart';
import { chainRunQuery, type ChainRunOut, type ChainRunStepOut } from './queries';

const route = getRouteApi('/chains/runs/$id');

/** A chain at work: its steps with their jobs and results, what failed, and how it goes on. */
export function ChainRunPage() {
  const { id } = route.useParams();
  const query = useQuery(chainRunQuery(id));
  const run = query.data;
  return (
    <Page
      title={run?.chain_title ?? 'Run of a chain'}
      marks={run && <StateMark state={run.state} size="lg" />}
      description={run && `on ${run.inputs[0]?.title ?? 'a dataset'}${run.automatic ? ', by itself' : ''}`}
      crumbs={[{ label: 'Chains', to: '/chains' }, { label: run?.inputs[0]?.title ?? id }]}
      actions={run && <Actions run={run} />}
    >
      <Loaded query={query} skeleton={<SkeletonRows rows={8} />}>
        {(loaded) => <Contents run={loaded} />}
      </Loaded>
    </Page>
  );
}

function Actions({ run }: { run: ChainRunOut }) {
  const queries = useQueryClient();
  const done = (after: ChainRunOut) => {
    queries.setQueryData(chainRunQuery(run.id).queryKey, after);
  };
  const params = { path: { run_id: run.id } };
  const cancel = useMutation({ mutationFn: () => body(api.POST('/api/v1/chain-runs/{run_id}/cancel', { params })), onSuccess: done });
  return (
    <Group gap="xs">
      <LinkButton to="/chains/series" search={run.attachment === null ? { series: run.series } : { attachment: run.attachment }} variant="default">
        Series
      </LinkButton>
      {run.may_change && run.state === 'running' && (
        <Button variant="default" loading={cancel.isPending || run.cancelling} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      )}
      <ActionFailure error={cancel.error} />
    </Group>
  );
}

function Contents({ run }: { run: ChainRunOut }) {
  const inputs = run.inputs.filter(({ name }, index) => run.inputs.findIndex((one) => one.name === name) === index);
  return (
    <>
      <ChainGraph
        inputs={inputs.map(({ name, title }) => ({ name, title }))}
        steps={run.steps.map((step) => ({ ...step, detail: step.recipe_title, href: step.job ? `/jobs/${step.job}` : undefined }))}
      />
      <Section title="Steps">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Step</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Result</Table.Th>
              <Table.Th>Job</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {run.steps.map((step) => (
              <StepRow key={step.name} step={step} />
            ))}
          </Table.Tbody>
        </Table>
      </Section>
      {run.may_change && (run.state === 'failed' || run.state === 'cancelled') && <Restart run={run} />}
      <Section title="Inputs">
        <Facts
          facts={run.inputs.map((input) => ({
            name: input.name,
            value: (
              <>
                {input.hidden ? (
                  input.title
                ) : (
                  <Link to="/datasets/$pid" params={{ pid: input.pid }} inherit>
                    {input.title}
                  </Link>
                )}
                {input.reason && (
                  <Text size="xs" c="dimmed">
                    {input.reason}
                  </Text>
                )}
              </>
            ),
          }))}
        />
      </Section>
    </>
  );
}

function StepRow({ step }: { step: ChainRunStepOut }) {
  return (
    <Table.Tr>
      <Table.Td>
        {step.title}
        {step.failure && (
          <Text size="sm" c="red">
            {step.failure} {step.remedy}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <StateMark state={step.state} />
      </Table.Td>
      <Table.Td>
        {step.result && (
          <Link to="/datasets/$pid" params={{ pid: step.result }}>
            Open
          </Link>
        )}
      </Table.Td>
      <Table.Td>
        {step.job && (
          <Link to="/jobs/$id" params={{ id: step.job }}>
            {step.job}
          </Link>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
