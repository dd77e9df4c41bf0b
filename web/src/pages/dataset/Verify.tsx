import { Alert, Button, Group, Text } from '@mantine/core';
import { IconCheck, IconRefreshDot, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { verificationQuery } from '@/api/queries';
import type { DatasetOut, VerifyOut } from '@/api/types';
import { usePerson } from '@/app/session';
import { Link } from '@/components/links';
import { ActionFailure } from '@/components/states';
import { number } from '@/format';

/** Whether running the analysis again gives the same numbers. */
export function Verify({ dataset }: { dataset: DatasetOut }) {
  const person = usePerson();
  const queries = useQueryClient();
  const last = useQuery({ ...verificationQuery(dataset.pid), enabled: person !== null }).data;
  const start = useMutation({
    mutationFn: () => body(api.POST('/api/v1/datasets/{pid}/verify', { params: { path: { pid: dataset.pid } } })),
    onSuccess: (answer) => queries.setQueryData(verificationQuery(dataset.pid).queryKey, answer),
  });
  if (!person) return null;
  const done = last?.equal !== null && last?.equal !== undefined;
  return (
    <section aria-label="Verification">
      {last && <Outcome answer={last} />}
      <ActionFailure error={start.error} />
      {dataset.may_analyse && (!last || done) && (
        <Group mt="xs" gap="xs" wrap="nowrap">
          <Button flex="none" variant="default" size="xs" leftSection={<IconRefreshDot size={14} />} loading={start.isPending} onClick={() => start.mutate()}>
            {last ? 'Verify again' : 'Verify'}
          </Button>
          <Text size="xs" c="dimmed">
            Runs the analysis again and compares the numbers.
          </Text>
        </Group>
      )}
    </section>
  );
}

function Outcome({ answer }: { answer: VerifyOut }) {
  const job = (
    <Link to="/jobs/$id" params={{ id: answer.job }} inherit>
      the job
    </Link>
  );
  if (answer.equal === null || answer.equal === undefined) {
    return (
      <Alert color="blue" variant="light" icon={<IconRefreshDot size={18} />} py={8}>
        Being verified ({answer.state}): see {job}.
      </Alert>
    );
  }
  if (!answer.equal) {
    return (
      <Alert color="red" variant="light" icon={<IconX size={18} />} py={8} title="A second run gave other numbers">
        {answer.largest_relative_difference != null && <>Largest relative difference {number(answer.largest_relative_difference, 2)}. </>}
        {answer.differences.slice(0, 4).map((text) => (
          <div key={text}>{text}</div>
        ))}
        See {job}.
      </Alert>
    );
  }
  return (
    <Alert color="green" variant="light" icon={<IconCheck size={18} />} py={8}>
      Verified: a second run gave {answer.bit_equal ? 'exactly the same numbers' : `the same numbers within ${number(answer.tolerance ?? 0, 1)}`}, see {job}.
      {answer.reason && <div>{answer.reason}</div>}
    </Alert>
  );
}
