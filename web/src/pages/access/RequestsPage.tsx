import { Badge, Button, Card, Group, Stack, Text, Textarea } from '@mantine/core';
import { IconInbox } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';

import { api, body } from '@/api/client';
import { Link } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { ActionFailure, Empty, Loaded } from '@/components/states';
import { When } from '@/components/text';

import { accessRequestsQuery, releaseRequestsQuery } from './queries';

const STATES: Record<string, string> = { pending: 'Waits', granted: 'Granted', approved: 'Approved', refused: 'Refused', taken_back: 'Taken back' };

/** What I asked for and what waits for my answer: access to data, other release dates. */
export function RequestsPage() {
  const access = useQuery(accessRequestsQuery);
  const release = useQuery(releaseRequestsQuery());
  return (
    <Page title="Requests" width="list" description="Access to data, and other release dates.">
      <Section title="Access to data">
        <Loaded query={access}>
          {(rows) =>
            rows.length === 0 ? (
              <Empty icon={IconInbox} title="No requests">Who can&apos;t read a dataset may ask for it on its page.</Empty>
            ) : (
              <Stack gap="sm">
                {rows.map((one) => (
                  <Entry key={one.id} state={one.state} answer={one.answer}>
                    <Text size="sm">
                      {one.is_mine ? 'You' : `${one.by}${one.affiliation ? `, ${one.affiliation},` : ''}`} asked <When at={one.asked} /> for{' '}
                      {one.dataset ? <Link to="/datasets/$pid" params={{ pid: one.dataset }} inherit>{one.title ?? one.dataset}</Link> : <Link to="/proposals/$name" params={{ name: one.proposal ?? '' }} inherit>{one.title ?? one.proposal}</Link>}
                    </Text>
                    <Text size="sm" c="dimmed">{one.reason}</Text>
                    {one.may_answer && <Decide yes="Grant" send={(grant, answer) => body(api.PUT('/api/v1/access-requests/{request_id}/answer', { params: { path: { request_id: one.id } }, body: { grant, answer } }))} />}
                    {one.is_mine && one.state === 'pending' && <TakeBack send={() => body(api.DELETE('/api/v1/access-requests/{request_id}', { params: { path: { request_id: one.id } } }))} />}
                  </Entry>
                ))}
              </Stack>
            )
          }
        </Loaded>
      </Section>
      <Section title="Release dates">
        <Loaded query={release}>
          {(rows) =>
            rows.length === 0 ? (
              <Text size="sm" c="dimmed">No requests.</Text>
            ) : (
              <Stack gap="sm">
                {rows.map((one) => (
                  <Entry key={one.id} state={one.state} answer={one.answer}>
                    <Text size="sm">
                      {one.asked_by} asked <When at={one.asked} /> to release <Link to="/proposals/$name" params={{ name: one.proposal }} inherit>{one.title}</Link>
                      {one.dataset && <> (only {one.dataset})</>} on <When at={one.release_time} exact />
                      {one.now && <> instead of <When at={one.now} exact /></>}
                    </Text>
                    <Text size="sm" c="dimmed">{one.reason}</Text>
                    {one.may_decide && <Decide yes="Approve" send={(approve, answer) => body(api.PUT('/api/v1/release-requests/{request_id}/decision', { params: { path: { request_id: one.id } }, body: { approve, answer } }))} />}
                    {one.is_mine && one.state === 'pending' && <TakeBack send={() => body(api.DELETE('/api/v1/release-requests/{request_id}', { params: { path: { request_id: one.id } } }))} />}
                  </Entry>
                ))}
              </Stack>
            )
          }
        </Loaded>
      </Section>
    </Page>
  );
}

function Entry({ state, answer, children }: { state: string; answer: string | null; children: ReactNode }) {
  return (
    <Card withBorder padding="sm">
      <Stack gap={6}>
        <div>
          <Badge color="gray" variant="default" size="sm" className="pd-mark">{STATES[state] ?? state}</Badge>
        </div>
        {children}
        {answer && <Text size="sm">Answer: {answer}</Text>}
      </Stack>
    </Card>
  );
}

function useRequests<T>(send: (value: T) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: send, onSuccess: () => queries.invalidateQueries({ queryKey: ['requests'] }) });
}

function Decide({ yes, send }: { yes: string; send: (yes: boolean, answer: string) => Promise<unknown> }) {
  const [answer, setAnswer] = useState('');
  const decide = useRequests((value: boolean) => send(value, answer));
  return (
    <>
      <Textarea aria-label="Your answer" placeholder="Your answer; a refusal needs a reason" autosize minRows={1} value={answer} onChange={(event) => setAnswer(event.currentTarget.value)} />
      <ActionFailure error={decide.error} />
      <Group gap="xs">
        <Button size="compact-sm" loading={decide.isPending} onClick={() => decide.mutate(true)}>{yes}</Button>
        <Button size="compact-sm" variant="default" disabled={!answer.trim()} onClick={() => decide.mutate(false)}>Refuse</Button>
      </Group>
    </>
  );
}

function TakeBack({ send }: { send: () => Promise<unknown> }) {
  const take = useRequests(send);
  return (
    <>
      <ActionFailure error={take.error} />
      <div>
        <Button size="compact-sm" variant="default" loading={take.isPending} onClick={() => take.mutate(undefined)}>Take back</Button>
      </div>
    </>
  );
}
