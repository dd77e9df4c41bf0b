/** The designed states of every page: loading, empty, refused, unreachable, failed. */
import { Alert, Button, Code, Skeleton, Stack } from '@mantine/core';
import { IconAlertTriangle, IconCloudOff, IconLock, IconMapOff, IconRefresh, IconSearchOff } from '@tabler/icons-react';
import type { Icon } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { useRouterState } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { ApiError } from '@/api/errors';
import { useSession } from '@/app/session';

import { LinkButton } from './links';
import { Message, type MessageProps } from './Message';

export { Message } from './Message';

interface FailureProps {
  error: unknown;
  retry?: () => void;
}

/** What went wrong, why, what next, and the id to quote. */
export function Failure({ error, retry }: FailureProps) {
  const here = useRouterState({ select: (state) => state.location.href });
  const session = useSession();
  const again = retry && (
    <Button variant="default" leftSection={<IconRefresh size={16} />} onClick={retry}>
      Try again
    </Button>
  );
  if (!(error instanceof ApiError)) {
    return (
      <Message icon={IconAlertTriangle} title="This part of the page stopped working" actions={again}>
        {error instanceof Error ? error.message : 'An unknown error occurred.'} Reload the page; if it stays, tell the
        facility's help desk what you did last.
      </Message>
    );
  }
  const known = wording(error);
  // What is hidden from the public is "not found" too: a member who has yet to sign in gets the way in.
  const stranger = error.status === 404 && session?.person === null;
  const toSignIn = (
    <LinkButton to="/sign-in" search={{ next: here }}>
      Sign in
    </LinkButton>
  );
  return (
    <Message
      icon={known.icon}
      title={known.title}
      actions={
        error.status === 401 ? (
          toSignIn
        ) : error.status === 404 ? (
          <>
            {stranger && toSignIn}
            <LinkButton to="/search" variant="default">
              Search data
            </LinkButton>
          </>
        ) : (
          again
        )
      }
    >
      <div role="alert">{error.message}</div>
      {error.remedy && error.status !== 401 && <div>{error.remedy}</div>}
      {known.remedy && (error.status === 401 || !error.remedy) && <div>{known.remedy}</div>}
      {stranger && <div>If it belongs to your proposal, sign in; you come back here afterwards.</div>}
      {error.problem.request_id && error.status >= 500 && !error.remedy?.includes(error.problem.request_id) && (
        <div>
          Quote <Code>{error.problem.request_id}</Code> when you ask for help.
        </div>
      )}
    </Message>
  );
}

function wording(error: ApiError): { icon: Icon; title: string; remedy?: string } {
  switch (error.status) {
    case 0:
      return { icon: IconCloudOff, title: 'No connection to the server' };
    case 401:
      return { icon: IconLock, title: 'Please sign in to see this', remedy: 'You come back here afterwards.' };
    case 403:
      return { icon: IconLock, title: 'You have no access to this', remedy: "Ask the proposal's team for access." };
    case 404:
      return {
        icon: IconMapOff,
        title: 'Not found',
        remedy: "If it belongs to a proposal, ask that proposal's team for access.",
      };
    default:
      return { icon: IconAlertTriangle, title: error.problem.title };
  }
}

/** A failed action: stays next to the button that was pressed. */
export function ActionFailure({ error }: { error: unknown }) {
  if (!error) return null;
  const problem = error instanceof ApiError ? error.problem : null;
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} role="alert" title={problem?.title}>
      {error instanceof Error ? error.message : 'The action failed.'}
      {problem?.remedy && <div>{problem.remedy}</div>}
      {problem?.request_id && problem.status >= 500 && !problem.remedy?.includes(problem.request_id) && (
        <div>
          Quote <Code>{problem.request_id}</Code> when you ask for help.
        </div>
      )}
    </Alert>
  );
}

export function Empty({ title, children, actions, icon = IconSearchOff }: Omit<MessageProps, 'icon'> & { icon?: Icon }) {
  return (
    <Message icon={icon} title={title} actions={actions}>
      {children}
    </Message>
  );
}

export function SkeletonRows({ rows = 6, height = 44 }: { rows?: number; height?: number }) {
  return (
    <Stack gap={8} aria-busy="true" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={height} radius="sm" />
      ))}
    </Stack>
  );
}

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  skeleton?: ReactNode;
  children: (data: T) => ReactNode;
}

/** Draws what has arrived; old data stay on the page while newer ones are on the way or can't be had. */
export function Loaded<T>({ query, skeleton, children }: LoadedProps<T>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error && !query.isFetching && <Stale error={query.error} />}
        {children(query.data)}
      </>
    );
  }
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return skeleton ?? <SkeletonRows />;
}

function Stale({ error }: { error: Error }) {
  return (
    <Alert color="yellow" variant="light" mb="sm" icon={<IconCloudOff size={18} />}>
      This may be out of date: {error.message}
    </Alert>
  );
}
