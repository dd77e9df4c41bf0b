import { Paper, Table, Text } from '@mantine/core';

import type { ForeignOut } from '@/api/types';

/** An identity as its provider describes it. */
export function ForeignFacts({ identity }: { identity: ForeignOut }) {
  const facts = [
    ['Name', identity.name],
    ['User name there', identity.user],
    ['E-mail', identity.email],
    ['Home institute', identity.affiliation],
    ['ORCID iD', identity.orcid],
    ['Identifier', identity.subject],
  ].filter((fact): fact is [string, string] => Boolean(fact[1]));
  return (
    <Paper withBorder p="md" component="section" aria-label={identity.provider}>
      <Text fw={600} mb={4}>
        {identity.provider}
      </Text>
      <Table fz="sm" verticalSpacing={2} withRowBorders={false}>
        <Table.Tbody>
          {facts.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w={150} c="dimmed" fw={400}>
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}
