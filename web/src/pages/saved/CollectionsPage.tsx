import { Table, Text } from '@mantine/core';
import { IconStack2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { collectionsQuery } from '@/api/queries';
import { Link } from '@/components/links';
import { Page } from '@/components/Page';
import { Empty, Loaded } from '@/components/states';
import { When } from '@/components/text';
import { count } from '@/format';

/** Datasets gathered by name: one's own and those that were shared. */
export function CollectionsPage() {
  const query = useQuery(collectionsQuery);
  return (
    <Page title="Collections" width="normal" description="Datasets gathered to download, share or analyse together.">
      <Loaded query={query}>
        {(collections) =>
          collections.length === 0 ? (
            <Empty icon={IconStack2} title="You have no collections">
              Choose datasets in a search, then “Add to collection”.
            </Empty>
          ) : (
            <Table fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Collection</Table.Th>
                  <Table.Th ta="right">Datasets</Table.Th>
                  <Table.Th>Changed</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {collections.map((one) => (
                  <Table.Tr key={one.id}>
                    <Table.Td>
                      <Link to="/collections/$id" params={{ id: String(one.id) }} fw={500}>
                        {one.name}
                      </Link>
                      {!one.mine && (
                        <Text size="xs" c="dimmed">
                          from {one.owner}
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td ta="right">{count(one.count)}</Table.Td>
                    <Table.Td>
                      <When at={one.changed} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )
        }
      </Loaded>
    </Page>
  );
}
