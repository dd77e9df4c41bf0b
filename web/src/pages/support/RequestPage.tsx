import { Badge, Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';

import { usePerson } from '@/app/session';
import { threadQuery, useChange, useSeen, type HelpThread } from '@/components/help/queries';
import { Page } from '@/components/Page';
import { ActionFailure, Loaded, SkeletonRows } from '@/components/states';
import { When } from '@/components/text';

import { Reply } from './Reply';
import { Sent } from './Sent';
import { StateMark } from './StateMark';
import classes from './support.module.css';

const Markdown = lazy(() => import('@/components/Markdown'));
const route = getRouteApi('/support/$id');

/** A request with all that was sent and said, and what can be done next. */
export function RequestPage() {
  const { id } = route.useParams();
  const query = useQuery(threadQuery(id));
  const request = query.data;
  const title = request?.subject ?? 'Help request';
  return (
    <Page
      title={title}
      marks={request && <StateMark state={request.state} isMine={request.is_mine} />}
      description={
        request && (
          <>
            {request.is_mine ? 'You' : request.person} asked <When at={request.created} />
          </>
        )
      }
      crumbs={[{ label: 'Help requests', to: '/support' }, { label: title }]}
      actions={request && <Actions request={request} />}
    >
      <Loaded query={query} skeleton={<SkeletonRows rows={6} />}>
        {(loaded) => <Contents key={loaded.id} request={loaded} />}
      </Loaded>
    </Page>
  );
}

function Contents({ request }: { request: HelpThread }) {
  const { mutate } = useSeen(request.id);
  const last = request.messages.at(-1)?.id;
  const { unread } = request;
  useEffect(() => {
    if (unread > 0) mutate();
  }, [mutate, last, unread]);
  return (
    <div className={classes.layout}>
      <div style={{ minWidth: 0 }}>
        <ol className={classes.thread} aria-label="Messages">
          {request.messages.map((one) => (
            <Message key={one.id} message={one} />
          ))}
        </ol>
        <Reply request={request} />
      </div>
      <Sent request={request} />
    </div>
  );
}

function Message({ message }: { message: HelpThread['messages'][number] }) {
  return (
    <li className={classes.message} data-staff={message.as_staff ? true : undefined}>
      <Group gap={6} mb={4}>
        <Text size="sm" fw={600}>
          {message.is_mine ? 'You' : message.author}
        </Text>
        {message.as_staff && (
          <Badge size="sm" variant="default" tt="none">
            Staff
          </Badge>
        )}
        <Text size="xs" c="dimmed">
          <When at={message.created} />
        </Text>
      </Group>
      <Suspense fallback={<Text size="sm">{message.text}</Text>}>
        <Markdown text={message.text} inside plain />
      </Suspense>
      {message.pictures.map((one) => (
        <a key={one.id} className={classes.picture} href={one.address} target="_blank" rel="noreferrer">
          <img src={one.address} alt={one.name} />
        </a>
      ))}
    </li>
  );
}

function Actions({ request }: { request: HelpThread }) {
  const change = useChange(request.id);
  const person = usePerson();
  const isHers = person !== null && request.assigned_user === person.user;
  return (
    <>
      {request.may_help && (
        <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ do: 'assign', user: isHers || !person ? null : person.user })}>
          {isHers ? 'Leave it to others' : 'I look after it'}
        </Button>
      )}
      {(request.is_mine || request.may_help) && (
        <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ do: 'state', state: request.state === 'closed' ? 'open' : 'closed' })}>
          {request.state === 'closed' ? 'Reopen' : 'Close'}
        </Button>
      )}
      <ActionFailure error={change.error} />
    </>
  );
}
