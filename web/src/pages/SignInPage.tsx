import { Button, Divider, Paper, PasswordInput, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { IconLogin2 } from '@tabler/icons-react';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useState } from 'react';

import type { DemoAccount } from '@/api/types';
import { useSession, useSignIn } from '@/app/session';
import { Page } from '@/components/Page';
import { ActionFailure } from '@/components/states';

import classes from './SignInPage.module.css';

const route = getRouteApi('/sign-in');

export function SignInPage() {
  const session = useSession();
  const { next } = route.useSearch();
  const router = useRouter();
  const signIn = useSignIn();
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const enter = (credentials: { user: string; password: string }) =>
    signIn.mutate(credentials, { onSuccess: () => router.history.replace(next ?? '/') });
  const accounts = session?.demo_accounts ?? [];
  return (
    <Page title="Sign in" width="normal" description={session ? `to ${session.facility}` : undefined}>
      <div className={classes.columns} data-demo={accounts.length > 0 || undefined}>
        <Paper
          component="form"
          withBorder
          p="lg"
          onSubmit={(event) => {
            event.preventDefault();
            enter({ user, password });
          }}
        >
          <Stack gap="md">
            <TextInput
              label="User name"
              name="user"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              required
              withAsterisk={false}
              value={user}
              onChange={(event) => setUser(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              required
              withAsterisk={false}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <ActionFailure error={signIn.error} />
            <Button type="submit" loading={signIn.isPending} leftSection={<IconLogin2 size={16} />}>
              Sign in
            </Button>
            <Text size="xs" c="dimmed">
              Open data can be searched and viewed without signing in.
            </Text>
          </Stack>
        </Paper>
        {accounts.length > 0 && (
          <section aria-label="Demo accounts">
            <Divider label="or, in this demonstration, one click" labelPosition="left" mb="xs" />
            <Stack gap={6}>
              {accounts.map((account) => (
                <Account key={account.user} account={account} busy={signIn.isPending} onChoose={enter} />
              ))}
            </Stack>
          </section>
        )}
      </div>
    </Page>
  );
}

interface AccountProps {
  account: DemoAccount;
  busy: boolean;
  onChoose: (credentials: { user: string; password: string }) => void;
}

function Account({ account, busy, onChoose }: AccountProps) {
  return (
    <button
      type="button"
      className={classes.account}
      disabled={busy}
      onClick={() => onChoose({ user: account.user, password: account.password })}
    >
      <span className={classes.who}>
        <span>
          <VisuallyHidden>Sign in as </VisuallyHidden>
          <strong>{account.user}</strong>
        </span>
        <span>{account.role.replace('_', ' ')}</span>
      </span>
      <span className={classes.what}>{account.description}</span>
    </button>
  );
}
