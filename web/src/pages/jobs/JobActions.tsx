import { Button, Menu, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import { IconAdjustments, IconChartDots3, IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { api, body } from '@/api/client';
import { jobQuery } from '@/api/queries';
import type { JobPageOut } from '@/api/types';
import { GetHelp } from '@/components/help/GetHelp';
import { LinkButton, LinkMenuItem } from '@/components/links';
import { isActive } from '@/components/marks';

/** The one thing to do next: stop it, open its result, or run it again. */
export function JobActions({ job }: { job: JobPageOut }) {
  const cancel = useCancel(job);
  const repeat = useRepeat(job);
  const result = job.outputs[0];
  return (
    <>
      <GetHelp about={{ job: job.id }} />
      {job.may_cancel && (
        <Button variant="default" color="red" leftSection={<IconPlayerStop size={16} />} loading={cancel.isPending} onClick={() => confirmCancel(job, () => cancel.mutate())}>
          Cancel
        </Button>
      )}
      {job.may_repeat && !isActive(job.state) && (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <Button variant={result ? 'default' : 'filled'} leftSection={<IconRefresh size={16} />} loading={repeat.isPending}>
              Run again
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconRefresh size={16} />} onClick={() => repeat.mutate()}>
              With the same parameters
            </Menu.Item>
            <LinkMenuItem to="/analyse" search={{ repeats: job.id }} leftSection={<IconAdjustments size={16} />}>
              With changed parameters
            </LinkMenuItem>
          </Menu.Dropdown>
        </Menu>
      )}
      {result && (
        <LinkButton to="/datasets/$pid" params={{ pid: result.pid }} leftSection={<IconChartDots3 size={16} />}>
          Open result
        </LinkButton>
      )}
    </>
  );
}

function useCancel(job: JobPageOut) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => body(api.POST('/api/v1/jobs/{job_id}/cancel', { params: { path: { job_id: job.id } } })),
    onSuccess: (now) => {
      queries.setQueryData(jobQuery(job.id).queryKey, now);
      void queries.invalidateQueries({ queryKey: ['jobs'] });
    },
    onError: (error) => notifications.show({ color: 'red', title: 'The job could not be cancelled', message: error.message }),
  });
}

function useRepeat(job: JobPageOut) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => body(api.POST('/api/v1/jobs/{job_id}/retry', { params: { path: { job_id: job.id } } })),
    onSuccess: (next) => {
      void queries.invalidateQueries({ queryKey: ['jobs'] });
      void navigate({ to: '/jobs/$id', params: { id: next.id } });
    },
    onError: (error) => notifications.show({ color: 'red', title: 'The job could not be run again', message: error.message }),
  });
}

function confirmCancel(job: JobPageOut, cancel: () => void): void {
  modals.openConfirmModal({
    title: `Cancel “${job.recipe_title}”?`,
    children: <Text size="sm">What it has computed so far is lost. The inputs are not touched, and it can be run again.</Text>,
    labels: { confirm: 'Cancel the job', cancel: 'Let it run' },
    confirmProps: { color: 'red' },
    onConfirm: cancel,
  });
}
