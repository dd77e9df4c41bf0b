import { Button, Divider, Paper, PasswordInput, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { IconLogin2, IconWorld } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useState } from 'react';

import type { DemoAccount } from '@/api/types';
import { useSession, useSignIn } from '@/app/session';
import { useBegin, waysQuery } from '@/app/sign-in';
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
  const local = useQuery(waysQuery).data?.local ?? true;
  return (
    <Page title="Sign in" width="normal" description={session ? `to ${session.facility}` : undefined}>
      <div className={classes.columns} data-demo={accounts.length > 0 || undefined}>
        <Stack gap="md">
          <Providers next={next} />
          {local && (
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
              </Stack>
            </Paper>
          )}
          <Text size="xs" c="dimmed">
            Open data can be searched and viewed without signing in.
          </Text>
        </Stack>
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

/** One button for each provider; those that don't answer say so and stay out of the way of the others. */
function Providers({ next }: { next: string | undefined }) {
  const ways = useQuery(waysQuery).data;
  const begin = useBegin();
  if (!ways || ways.providers.length === 0) return null;
  return (
    <section aria-label="Sign in with">
      <Stack gap={8}>
        {ways.providers.map(({ id, title, trouble }) => (
          <div key={id}>
            <Button
              fullWidth
              variant="default"
              size="md"
              leftSection={<IconWorld size={18} />}
              loading={begin.isPending && begin.variables.provider === id}
              onClick={() => begin.mutate({ provider: id, purpose: 'sign_in', next: next ?? '/' })}
            >
              Sign in with {title}
            </Button>
            {trouble && begin.variables?.provider !== id && (
              <Text size="xs" c="dimmed" mt={4}>
                {trouble}
              </Text>
            )}
          </div>
        ))}
        <ActionFailure error={begin.error} />
      </Stack>
      {ways.local && <Divider label="or with an account of this facility" mt="md" />}
    </section>
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
