import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDoorExit, IconExternalLink } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';

import { api, body } from '@/api/client';
import type { VisitOut } from '@/api/types';
import { usePlace } from '@/app/crumbs';
import { Loaded } from '@/components/states';

import { Chat } from './Chat';
import { useCompany } from './company';
import { go } from './enter';
import { People } from './People';
import classes from './sessions.module.css';
import { youWatch } from './words';

const Screen = lazy(() => import('./Screen').then((module) => ({ default: module.Screen })));

const AT = '/api/v1/visit';

const visitQuery = {
  queryKey: ['visit'],
  queryFn: ({ signal }: { signal: AbortSignal }) => body(api.GET('/api/v1/visit', { signal })),
  refetchInterval: 5000,
  retry: false,
};

/** A session as a guest without an account sees it. */
export function VisitPage() {
  const query = useQuery(visitQuery);
  return <Loaded query={query}>{(visit) => <Visit visit={visit} />}</Loaded>;
}

function Visit({ visit }: { visit: VisitOut }) {
  usePlace([{ label: visit.title }]);
  const queries = useQueryClient();
  const looked = () => void queries.invalidateQueries({ queryKey: visitQuery.queryKey });
  const leave = useMutation({ mutationFn: () => body(api.DELETE('/api/v1/visit')), onSuccess: looked });
  const usable = visit.state === 'ready' && !visit.ending;
  const company = useCompany(AT, usable);
  return (
    <div className={classes.whole}>
      <Group className={classes.bar} gap="sm" wrap="nowrap">
        <div className={classes.name}>
          <Title order={1} size="sm" lineClamp={1}>
            {visit.title}
          </Title>
          <Text size="xs" c="dimmed">
            Of {visit.person}. You watch as {visit.name}.
          </Text>
        </div>
        <Button size="compact-sm" variant="default" leftSection={<IconDoorExit size={14} />} loading={leave.isPending} onClick={() => leave.mutate()}>
          Leave
        </Button>
      </Group>
      <div className={classes.row}>
        <div className={classes.program}>
          {!usable && (
            <div className={classes.middle}>
              <Text role="status">This session does not run at the moment.</Text>
            </div>
          )}
          {usable && visit.kind === 'desktop' && (
            <Suspense fallback={null}>
              <Screen key={visit.ready} at={AT} company={company} title={visit.title} viewOnly own={false} onOver={looked} />
            </Suspense>
          )}
          {usable && visit.kind !== 'desktop' && <Web visit={visit} />}
        </div>
        <aside className={classes.beside} aria-label="People">
          <Stack gap="lg">
            <People company={company} />
            <Chat at={AT} />
          </Stack>
        </aside>
      </div>
    </div>
  );
}

function Web({ visit }: { visit: VisitOut }) {
  const open = useMutation({
    mutationFn: async () => go(await body(api.POST('/api/v1/visit/ticket')), '_self'),
    onError: (error) => notifications.show({ color: 'red', title: 'The session could not be opened', message: error.message }),
  });
  return (
    <div className={classes.middle}>
      <Stack gap="sm" align="center" maw={520}>
        <Text>You watch: {youWatch(visit.kind)}</Text>
        <Button leftSection={<IconExternalLink size={16} />} loading={open.isPending} onClick={() => open.mutate()}>
          Open
        </Button>
      </Stack>
    </div>
  );
}
