import { Badge, Checkbox, Group, SegmentedControl, Text } from '@mantine/core';
import { IconLifebuoy } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { GetHelp } from '@/components/help/GetHelp';
import { requestsQuery, unreadQuery, type Filter, type HelpRequest } from '@/components/help/queries';
import { Link } from '@/components/links';
import { Page } from '@/components/Page';
import { Empty, Loaded } from '@/components/states';
import { When } from '@/components/text';
import { plural } from '@/format';

import { StateMark } from './StateMark';
import classes from './support.module.css';

const route = getRouteApi('/support');

/** One's own requests for help; for staff the inbox too. */
export function SupportPage() {
  const { box, whose, closed } = route.useSearch();
  const unread = useQuery(unreadQuery).data;
  const filter: Filter = { box: box ?? 'mine', whose: box === 'inbox' ? (whose ?? 'all') : 'all', closed: closed ?? false };
  const query = useQuery(requestsQuery(filter));
  return (
    <Page title="Help requests" width="list" description="What was asked, and the answers." actions={<GetHelp about={{}} variant="filled" />}>
      <Filters filter={filter} helps={unread?.helps ?? false} own={unread?.own ?? 0} inbox={unread?.inbox ?? 0} />
      <Loaded query={query}>
        {({ total, requests }) =>
          requests.length === 0 ? (
            <Empty icon={IconLifebuoy} title={filter.box === 'inbox' ? 'Nobody waits for an answer' : 'No requests'}>
              {filter.box === 'inbox' ? 'Requests about your instruments and proposals stand here.' : 'Press Get help, here or where you are stuck: above a session, on a job or a dataset.'}
            </Empty>
          ) : (
            <>
              <ul className={classes.list}>
                {requests.map((one) => (
                  <Row key={one.id} request={one} />
                ))}
              </ul>
              {total > requests.length && (
                <Text size="sm" c="dimmed">
                  The latest {requests.length} of {total}.
                </Text>
              )}
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function Filters({ filter, helps, own, inbox }: { filter: Filter; helps: boolean; own: number; inbox: number }) {
  const navigate = route.useNavigate();
  return (
    <Group mb="sm" gap="md">
      {helps && (
        <SegmentedControl
          size="xs"
          aria-label="Which requests"
          value={filter.box}
          onChange={(value) => void navigate({ search: (before) => ({ ...before, box: value === 'inbox' ? 'inbox' : undefined }) })}
          data={[
            { value: 'mine', label: own > 0 ? `Mine (${String(own)} new)` : 'Mine' },
            { value: 'inbox', label: inbox > 0 ? `Inbox (${String(inbox)} new)` : 'Inbox' },
          ]}
        />
      )}
      {filter.box === 'inbox' && (
        <SegmentedControl
          size="xs"
          aria-label="Looked after by"
          value={filter.whose}
          onChange={(value) => void navigate({ search: (before) => ({ ...before, whose: value === 'mine' || value === 'unassigned' ? value : undefined }) })}
          data={[
            { value: 'all', label: 'All' },
            { value: 'mine', label: 'By me' },
            { value: 'unassigned', label: 'By nobody' },
          ]}
        />
      )}
      <Checkbox size="xs" label="Closed ones too" checked={filter.closed} onChange={() => void navigate({ search: (before) => ({ ...before, closed: filter.closed ? undefined : true }) })} />
    </Group>
  );
}

function Row({ request }: { request: HelpRequest }) {
  return (
    <li className={classes.row}>
      <Group gap="xs" wrap="nowrap" align="baseline" justify="space-between">
        <Link to="/support/$id" params={{ id: request.id }} fw={request.unread > 0 ? 700 : 500}>
          {request.subject}
        </Link>
        <Group gap={6} wrap="nowrap">
          {request.unread > 0 && <Badge tt="none">{plural(request.unread, 'new message')}</Badge>}
          <StateMark state={request.state} isMine={request.is_mine} />
        </Group>
      </Group>
      <Text size="xs" c="dimmed">
        {request.is_mine ? 'Yours' : request.person}
        {request.instrument && ` · ${request.instrument}`}
        {request.datasets[0] && ` · ${request.datasets[0].title}`}
        {' · '}
        {request.assigned ? `${request.assigned} looks after it` : 'nobody looks after it yet'}
        {' · '}
        <When at={request.changed} />
      </Text>
    </li>
  );
}
