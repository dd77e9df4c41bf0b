import { ActionIcon, Button, Group, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import type { SessionMemberOut, WorkSessionOut } from '@/api/types';
import { PersonSelect } from '@/components/PersonSelect';
import { ActionFailure, Loaded } from '@/components/states';
import { When } from '@/components/text';

import { Invitations } from './Invitations';
import { sharingQuery } from './queries';
import { useMember } from './letting';
import { SHE_WORKS_ALONG, sheWatches } from './words';

type May = SessionMemberOut['may'];

/** With whom the session is shared, and how that is changed; for its person. */
export function Sharing({ session }: { session: WorkSessionOut }) {
  const sharing = useQuery(sharingQuery(session.id));
  return (
    <Stack gap="lg">
      <AddPerson session={session} />
      <Loaded query={sharing}>
        {(found) => (
          <>
            <Members session={session} members={found.members} />
            <Invitations session={session.id} sharing={found} />
          </>
        )}
      </Loaded>
    </Stack>
  );
}

function AddPerson({ session }: { session: WorkSessionOut }) {
  const [may, setMay] = useState<May>('view');
  const { share } = useMember(session.id);
  return (
    <section aria-label="Let a person in">
      <Title order={3} size="sm" mb={4}>
        Let a person in
      </Title>
      <SegmentedControl
        size="xs"
        aria-label="What she may do"
        value={may}
        onChange={(value) => setMay(value === 'full' ? 'full' : 'view')}
        data={[
          { value: 'view', label: 'Watch' },
          { value: 'full', label: 'Work along' },
        ]}
      />
      <Text size="xs" c="dimmed" my={6}>
        {may === 'full' ? `She works along, ${SHE_WORKS_ALONG}` : `She only watches: ${sheWatches(session.kind)}`} She must herself be allowed to see all data of this
        session.
      </Text>
      <PersonSelect aria-label="Person" size="xs" onPick={(user) => share.mutate({ user, may })} />
      <ActionFailure error={share.error} />
    </section>
  );
}

function Members({ session, members }: { session: WorkSessionOut; members: SessionMemberOut[] }) {
  const { share, remove } = useMember(session.id);
  if (members.length === 0) {
    return (
      <Text size="xs" c="dimmed">
        Nobody else is in.
      </Text>
    );
  }
  return (
    <section aria-label="People in this session">
      <ActionFailure error={share.error ?? remove.error} />
      {members.map((one) => (
        <Group key={one.user} gap={6} wrap="nowrap" mb={6}>
          <div style={{ flex: 1, minWidth: 0 }}>
            <Text size="sm" truncate>
              {one.name}
            </Text>
            <Text size="xs" c="dimmed">
              {said(one)}
              {one.until && !one.waits && (
                <>
                  , until <When at={one.until} exact />
                </>
              )}
            </Text>
          </div>
          {!one.waits && (
            <Button size="compact-xs" variant="default" onClick={() => share.mutate({ user: one.user, may: one.may === 'full' ? 'view' : 'full' })}>
              {one.may === 'full' ? 'Only watch' : 'Let her work along'}
            </Button>
          )}
          <ActionIcon variant="subtle" color="gray" aria-label={`Take ${one.name} out`} onClick={() => remove.mutate(one.user)}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
    </section>
  );
}

function said(one: SessionMemberOut): string {
  const who = one.role === 'staff' ? 'Staff, ' : '';
  if (one.waits) return `${who}asks to watch`;
  if (!one.works) return `${who}out: may not see the data any more`;
  return who + (one.may === 'full' ? 'works along' : 'watches');
}
