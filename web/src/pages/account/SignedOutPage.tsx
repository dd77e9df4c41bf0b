import { IconLogout } from '@tabler/icons-react';

import { LinkButton } from '@/components/links';
import { Message } from '@/components/Message';

export function SignedOutPage() {
  return (
    <Message
      icon={IconLogout}
      level={1}
      title="You are signed out"
      actions={
        <>
          <LinkButton to="/">Start page</LinkButton>
          <LinkButton to="/sign-in" variant="default">
            Sign in again
          </LinkButton>
        </>
      }
    >
      Here and at the provider you came through. Access tokens of your programs still work.
    </Message>
  );
}
