import { IconMapOff } from '@tabler/icons-react';

import { LinkButton } from '@/components/links';
import { Page } from '@/components/Page';
import { Message } from '@/components/states';

export function NotFoundPage() {
  return (
    <Page title="Not found">
      <Message
        icon={IconMapOff}
        title="There is no page at this address"
        actions={
          <>
            <LinkButton to="/">Home</LinkButton>
            <LinkButton to="/search" variant="default">
              Search data
            </LinkButton>
          </>
        }
      >
        The address may be mistyped, or the page has moved.
      </Message>
    </Page>
  );
}
