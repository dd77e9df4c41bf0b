import { Alert, Button, Group, PasswordInput, Stack } from '@mantine/core';
import { IconShieldLock } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { AccountOut } from '@/api/types';
import { accountQuery, useBegin, waysQuery } from '@/app/sign-in';
import { ActionFailure } from '@/components/states';

/** A fresh proof that it is still she, before anything that changes how one signs in. */
export function Confirm({ account }: { account: AccountOut }) {
  const queries = useQueryClient();
  const ways = useQuery(waysQuery).data?.providers ?? [];
  const begin = useBegin();
  const [password, setPassword] = useState('');
  const confirm = useMutation({
    mutationFn: () => body(api.POST('/api/v1/account/confirm', { body: { password } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: accountQuery.queryKey }),
  });
  const own = ways.filter(({ title }) => account.identities.some(({ provider }) => provider === title));
  return (
    <Alert icon={<IconShieldLock size={18} />} color="gray" title="To change this, prove that it is still you">
      <Stack gap="sm" maw={420}>
        {account.has_password && (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              confirm.mutate();
            }}
          >
            <Group align="end" wrap="nowrap">
              <PasswordInput
                flex={1}
                label="Your password"
                autoComplete="current-password"
                required
                withAsterisk={false}
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
              <Button type="submit" loading={confirm.isPending}>
                Confirm
              </Button>
            </Group>
          </form>
        )}
        {own.map(({ id, title }) => (
          <Button key={id} variant="default" onClick={() => begin.mutate({ provider: id, purpose: 'confirm', next: '/account' })}>
            Confirm with {title}
          </Button>
        ))}
        <ActionFailure error={confirm.error ?? begin.error} />
      </Stack>
    </Alert>
  );
}
