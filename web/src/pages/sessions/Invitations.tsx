import { ActionIcon, Button, Checkbox, CopyButton, Group, Select, Text, TextInput, Title } from '@mantine/core';
import { IconCopy, IconLinkOff } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { SharingOut } from '@/api/types';
import { ActionFailure } from '@/components/states';
import { When } from '@/components/text';

type Invitation = SharingOut['invitations'][number];

const HOURS = [
  { value: '1', label: '1 hour' },
  { value: '24', label: '1 day' },
  { value: '168', label: '7 days' },
];

/** Links for colleagues who are not at hand by name, or have no account. */
export function Invitations({ session, sharing }: { session: string; sharing: SharingOut }) {
  return (
    <section aria-label="Invite by a link">
      <Title order={3} size="sm" mb={4}>
        Invite by a link
      </Title>
      <Make session={session} sharing={sharing} />
      {sharing.invitations.map((one) => (
        <Row key={one.id} session={session} one={one} />
      ))}
    </section>
  );
}

function Make({ session, sharing }: { session: string; sharing: SharingOut }) {
  const queries = useQueryClient();
  const [label, setLabel] = useState('');
  const [hours, setHours] = useState('24');
  const [guests, setGuests] = useState(false);
  const make = useMutation({
    mutationFn: () =>
      body(
        api.POST('/api/v1/sessions/{session_id}/invitations', {
          params: { path: { session_id: session } },
          body: { label, may: 'view', guests, hours: Number(hours), most: 1 },
        }),
      ),
    onSuccess: () => {
      setLabel('');
      return queries.invalidateQueries({ queryKey: ['session-sharing', session] });
    },
  });
  const address = make.data ? `${window.location.origin}/join#${make.data.secret}` : '';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <Text size="xs" c="dimmed" mb={6}>
        Who holds it may watch, once she has signed in{sharing.guests_possible && ' or, if you allow it, without an account'}. It works once; you can take it back.
      </Text>
      <Group gap={6} align="flex-end" wrap="nowrap">
        <TextInput size="xs" label="For whom" maxLength={200} value={label} onChange={(event) => setLabel(event.currentTarget.value)} style={{ flex: 1 }} />
        <Select size="xs" w={88} label="Works for" value={hours} allowDeselect={false} onChange={(value) => setHours(value ?? '24')} data={HOURS.filter(({ value }) => Number(value) <= sharing.invitation_hours)} />
      </Group>
      {sharing.guests_possible && <Checkbox mt={6} size="xs" label="Also without an account" checked={guests} onChange={(event) => setGuests(event.currentTarget.checked)} />}
      <Button mt={6} type="submit" size="compact-sm" variant="default" disabled={label.trim() === ''} loading={make.isPending}>
        Make the link
      </Button>
      <ActionFailure error={make.error} />
      {address && (
        <Group gap={6} mt={6} wrap="nowrap" align="flex-start">
          <TextInput size="xs" aria-label="Address of the invitation" readOnly value={address} description="It is shown only now." style={{ flex: 1 }} />
          <CopyButton value={address}>
            {({ copy, copied }) => (
              <Button size="xs" variant="default" leftSection={<IconCopy size={14} />} onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
        </Group>
      )}
    </form>
  );
}

function Row({ session, one }: { session: string; one: Invitation }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => body(api.DELETE('/api/v1/sessions/{session_id}/invitations/{invitation_id}', { params: { path: { session_id: session, invitation_id: one.id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['session-sharing', session] }),
  });
  return (
    <Group gap={6} mt={8} wrap="nowrap">
      <div style={{ flex: 1, minWidth: 0 }}>
        <Text size="sm" truncate>
          {one.label}
        </Text>
        <Text size="xs" c="dimmed">
          {one.came.length > 0 && `Here as guest: ${one.came.map(({ name }) => name).join(', ')}. `}
          {one.works ? (
            <>
              Works until <When at={one.expires} />
              {one.guests && ', also without an account'}
            </>
          ) : (
            'Used'
          )}
        </Text>
        <ActionFailure error={revoke.error} />
      </div>
      <ActionIcon variant="subtle" color="gray" aria-label={`Take back the invitation for ${one.label}`} onClick={() => revoke.mutate()}>
        <IconLinkOff size={16} />
      </ActionIcon>
    </Group>
  );
}
