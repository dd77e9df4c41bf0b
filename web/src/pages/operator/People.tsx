import { Table, Text } from '@mantine/core';

import type { OperatorOut } from '@/api/types';
import { Link } from '@/components/links';
import { ViewAs } from '@/pages/access/ViewAs';
import { When } from '@/components/text';
import { bytes, count } from '@/format';

const ROLES = { visitor: 'Visiting scientist', instrument_staff: 'Instrument staff', operator: 'Operator' } as const;
const TYPES = {
  public_access: 'Public access',
  proprietary: 'Proprietary',
  training: 'Training',
  in_house: 'In-house',
  personal: 'Personal',
} as const;

export function PeopleTable({ people }: { people: OperatorOut['latest_people'] }) {
  return (
    <Table.ScrollContainer minWidth={420} type="native">
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Person</Table.Th>
            <Table.Th>Role</Table.Th>
            <Table.Th ta="right">Proposals</Table.Th>
            <Table.Th>Signed in</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {people.map(({ user, name, role, disabled, proposals, signed_in: since }) => (
            <Table.Tr key={user}>
              <Table.Td>
                {name}
                {role !== 'operator' && !disabled && <ViewAs user={user} name={name} />}
                <Text size="xs" c="dimmed">
                  {user}
                </Text>
              </Table.Td>
              <Table.Td>{disabled ? 'Disabled' : ROLES[role]}</Table.Td>
              <Table.Td ta="right">{count(proposals)}</Table.Td>
              <Table.Td>{since ? <When at={since} /> : <Text size="sm" c="dimmed">no</Text>}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

export function ProposalsTable({ proposals }: { proposals: OperatorOut['largest_proposals'] }) {
  return (
    <Table.ScrollContainer minWidth={420} type="native">
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Proposal</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th ta="right">Team</Table.Th>
            <Table.Th ta="right">Datasets</Table.Th>
            <Table.Th ta="right">Size</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {proposals.map(({ name, title, type, members, datasets, size }) => (
            <Table.Tr key={name}>
              <Table.Td>
                <Link to="/proposals/$name" params={{ name }} size="sm" display="block">
                  {name}
                </Link>
                <Text size="xs" c="dimmed" lineClamp={1}>
                  {title}
                </Text>
              </Table.Td>
              <Table.Td>{TYPES[type]}</Table.Td>
              <Table.Td ta="right">{count(members)}</Table.Td>
              <Table.Td ta="right">{count(datasets)}</Table.Td>
              <Table.Td ta="right">{bytes(size)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
