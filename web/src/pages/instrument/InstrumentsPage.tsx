import { SimpleGrid, Text } from '@mantine/core';
import { IconTool } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';

import { instrumentsQuery } from '@/api/queries';
import { useSession } from '@/app/session';
import { LinkPlain } from '@/components/links';
import { Page } from '@/components/Page';
import { Empty, Loaded } from '@/components/states';
import { plural } from '@/format';

import classes from './instrument.module.css';

/** The instruments one is staff of; with one only, straight to it. */
export function InstrumentsPage() {
  const session = useSession();
  const query = useQuery(instrumentsQuery);
  const operator = session?.person?.role === 'operator';
  const mine = query.data?.filter(({ is_staff: staff }) => staff || operator);
  if (mine?.length === 1 && mine[0]) return <Navigate to="/instruments/$name" params={{ name: mine[0].name }} replace />;
  return (
    <Page title="My instrument">
      <Loaded query={query}>
        {() =>
          !mine || mine.length === 0 ? (
            <Empty icon={IconTool} title="You are staff of no instrument">
              An operator assigns instrument staff.
            </Empty>
          ) : (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
              {mine.map(({ name, title, facility, technique, dataset_count: n }) => (
                <LinkPlain key={name} to="/instruments/$name" params={{ name }} className={classes.card}>
                  <Text fw={600}>{title}</Text>
                  <Text size="xs" c="dimmed">
                    {[facility, technique?.label, plural(n, 'dataset')].filter(Boolean).join(' · ')}
                  </Text>
                </LinkPlain>
              ))}
            </SimpleGrid>
          )
        }
      </Loaded>
    </Page>
  );
}
