import { ActionIcon, Badge, Divider, Group, Indicator, Popover, RingProgress, ScrollArea, Stack, Text } from '@mantine/core';
import { IconActivity, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRouterState } from '@tanstack/react-router';
import { useState } from 'react';

import { jobsQuery } from '@/api/queries';
import type { JobOut, NoticeOut } from '@/api/types';
import { JobLine } from '@/components/jobs';
import { Link } from '@/components/links';
import { When } from '@/components/text';
import { plural } from '@/format';

import { usePerson } from '../session';

import { noticeColor, useDismissNotice, useNotices } from './notices';

const ACTIVE = { state: ['requested', 'queued', 'running'], limit: 20 };

/** Running work at a glance; opens to jobs with progress and unread notices. */
export function Activity() {
  const person = usePerson();
  const jobs = useQuery({ ...jobsQuery(ACTIVE), enabled: person !== null }).data?.jobs ?? [];
  const notices = useNotices();
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  // Open for the page it was opened on: following a link closes it.
  const [openedOn, setOpenedOn] = useState<string | null>(null);
  const opened = openedOn === pathname;
  const setOpened = (open: boolean) => setOpenedOn(open ? pathname : null);
  if (!person) return null;
  const label = `Work: ${jobs.length > 0 ? plural(jobs.length, 'job') : 'none'}`;
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={360} shadow="md" trapFocus returnFocus>
      <Indicator disabled={notices.length === 0} color="blue" size={8} offset={6}>
        <Popover.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" onClick={() => setOpened(!opened)} title={label} aria-label={`${label}, ${plural(notices.length, 'notice')}`}>
            {jobs.length > 0 ? <Ring jobs={jobs} /> : <IconActivity size={20} stroke={1.7} />}
          </ActionIcon>
        </Popover.Target>
      </Indicator>
      <Popover.Dropdown p="xs" aria-label="Running work and notices">
        <Group justify="space-between" px={8} pb={4}>
          <Text size="sm" fw={600}>
            Running work
          </Text>
          <Link to="/jobs" size="xs">
            All jobs
          </Link>
        </Group>
        <ScrollArea.Autosize mah={420} type="auto">
          {jobs.length === 0 && (
            <Text size="sm" c="dimmed" px={8} pb={8}>
              Nothing is running.
            </Text>
          )}
          {jobs.map((job) => (
            <JobLine key={job.id} job={job} />
          ))}
          {notices.length > 0 && <Divider my={8} label="Notices" labelPosition="left" />}
          <Stack gap={2}>
            {notices.map((notice) => (
              <Notice key={notice.id} notice={notice} />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

function Ring({ jobs }: { jobs: readonly JobOut[] }) {
  const mean = jobs.reduce((sum, { progress }) => sum + (progress ?? 0), 0) / jobs.length;
  return (
    <RingProgress
      size={26}
      thickness={3}
      sections={[{ value: Math.max(4, mean * 100), color: 'blue' }]}
      label={
        <Text ta="center" size="10px" fw={600}>
          {jobs.length}
        </Text>
      }
      aria-hidden
    />
  );
}

export function Notice({ notice }: { notice: NoticeOut }) {
  const dismiss = useDismissNotice();
  return (
    <Group gap={8} wrap="nowrap" px={8} py={4} align="flex-start">
      <Badge variant="dot" color={noticeColor(notice.level)} size="xs" mt={4} p={0} bd="0" role="img" aria-label={notice.level} w={10} />
      <div style={{ flex: 1, minWidth: 0 }}>
        {notice.link ? (
          <Link to={notice.link} size="sm" c="inherit">
            {notice.text}
          </Link>
        ) : (
          <Text size="sm">{notice.text}</Text>
        )}
        <Text size="xs" c="dimmed">
          <When at={notice.created} />
        </Text>
      </div>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={`Dismiss: ${notice.text}`}
        loading={dismiss.isPending}
        onClick={() => dismiss.mutate(notice.id)}
      >
        <IconX size={14} />
      </ActionIcon>
    </Group>
  );
}
