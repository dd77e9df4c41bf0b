import { IconLink } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { waitingArrival } from '@/app/sign-in';
import { LinkButton } from '@/components/links';
import { Page } from '@/components/Page';
import { Empty, Loaded } from '@/components/states';

import { LinkQuestion } from './LinkQuestion';

/** She came with a new identity, and has now signed in to the account she had before. */
export function LinkPage() {
  const state = waitingArrival();
  const query = useQuery({
    queryKey: ['arrival', state],
    queryFn: ({ signal }) => body(api.POST('/api/v1/arrivals/look', { body: { state: state ?? '' }, signal })),
    enabled: state !== null,
    retry: false,
  });
  if (state === null) {
    return (
      <Page title="Link a sign-in" width="normal">
        <Empty icon={IconLink} title="No sign-in waits to be linked" actions={<LinkButton to="/account">Your account</LinkButton>}>
          Begin it on your account page.
        </Empty>
      </Page>
    );
  }
  if (query.data) return <LinkQuestion arrival={query.data} state={state} />;
  return (
    <Page title="Link a sign-in" width="normal">
      <Loaded query={query}>{() => null}</Loaded>
    </Page>
  );
}
