import { ActionIcon, Avatar, Select, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconTrash } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { proposalQuery } from '@/api/queries';
import type { MemberOut, MemberRole, ProposalOut } from '@/api/types';
import { Section } from '@/components/Page';
import { PersonSelect } from '@/components/PersonSelect';
import { ActionFailure } from '@/components/states';

import classes from './proposals.module.css';

const ROLES: { value: MemberRole; label: string }[] = [
  { value: 'principal_investigator', label: 'Principal investigator' },
  { value: 'member', label: 'Member' },
  { value: 'local_contact', label: 'Local contact' },
  { value: 'reader', label: 'Reader' },
];

function roleWord(role: MemberRole): string {
  return ROLES.find(({ value }) => value === role)?.label ?? role;
}

export function Team({ proposal }: { proposal: ProposalOut }) {
  const members = proposal.members;
  const change = useTeamChange(proposal.name);
  const manage = proposal.may_manage;
  if (members.length === 0 && !manage) return null;
  return (
    <Section title="Team">
      <ul style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {members.map((member) => (
          <Member key={member.person.id} member={member} manage={manage} change={change.mutate} />
        ))}
      </ul>
      <Stack gap="xs" mt="sm">
        <ActionFailure error={change.error} />
        {manage && <AddMember members={members} add={(user) => change.mutate({ user, role: 'member' })} />}
      </Stack>
    </Section>
  );
}

interface TeamChange {
  user: string;
  role: MemberRole | null;
}

function useTeamChange(name: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ user, role }: TeamChange) => {
      const params = { path: { name, user } };
      return role
        ? body(api.PUT('/api/v1/proposals/{name}/members/{user}', { params, body: { role } }))
        : body(api.DELETE('/api/v1/proposals/{name}/members/{user}', { params }));
    },
    onSuccess: (proposal) => {
      queries.setQueryData(proposalQuery(name).queryKey, proposal);
      void queries.invalidateQueries({ queryKey: ['home'] });
    },
  });
}

interface MemberProps {
  member: MemberOut;
  manage: boolean;
  change: (change: TeamChange) => void;
}

function Member({ member: { person, role }, manage, change }: MemberProps) {
  const remove = () =>
    modals.openConfirmModal({
      title: `Remove ${person.name} from the team?`,
      children: <Text size="sm">{person.name} loses access to this proposal&apos;s data at once, unless they are open.</Text>,
      labels: { confirm: `Remove ${person.name}`, cancel: 'Keep' },
      confirmProps: { color: 'red' },
      onConfirm: () => change({ user: person.user, role: null }),
    });
  return (
    <li className={classes.member}>
      <Avatar name={person.name} size={30} color="petrol" aria-hidden />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Text size="sm" truncate>
          {person.name}
        </Text>
        <Text size="xs" c="dimmed" truncate>
          {manage ? (person.affiliation ?? person.user) : [roleWord(role), person.affiliation].filter(Boolean).join(', ')}
        </Text>
      </div>
      {manage && (
        <>
          <Select
            aria-label={`Role of ${person.name}`}
            size="xs"
            w={156}
            data={ROLES}
            value={role}
            allowDeselect={false}
            comboboxProps={{ width: 180, position: 'bottom-end' }}
            onChange={(value) => {
              const next = ROLES.find((item) => item.value === value);
              if (next) change({ user: person.user, role: next.value });
            }}
          />
          <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${person.name}`} onClick={remove}>
            <IconTrash size={16} />
          </ActionIcon>
        </>
      )}
    </li>
  );
}

function AddMember({ members, add }: { members: readonly MemberOut[]; add: (user: string) => void }) {
  return <PersonSelect aria-label="Add a person to the team" placeholder="Add a person: name or user name" size="xs" without={members.map(({ person }) => person.id)} onPick={add} />;
}
