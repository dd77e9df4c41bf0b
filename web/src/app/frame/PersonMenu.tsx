import { ActionIcon, Avatar, Menu, SegmentedControl, Text, Tooltip, VisuallyHidden, useMantineColorScheme } from '@mantine/core';
import type { MantineColorScheme } from '@mantine/core';
import { IconBookmark, IconDeviceDesktop, IconDevices, IconInbox, IconKey, IconLifebuoy, IconLogin2, IconLogout, IconMoon, IconRuler2, IconSun, IconUserCircle } from '@tabler/icons-react';
import { useNavigate, useRouterState } from '@tanstack/react-router';

import { LinkButton, LinkMenuItem } from '@/components/links';

import { useSession, useSignOut } from '../session';

const ROLES = { visitor: 'Visiting scientist', instrument_staff: 'Instrument staff', operator: 'Operator' } as const;

const SCHEMES: { value: MantineColorScheme; label: string; icon: typeof IconSun }[] = [
  { value: 'light', label: 'Light', icon: IconSun },
  { value: 'dark', label: 'Dark', icon: IconMoon },
  { value: 'auto', label: 'As the system', icon: IconDeviceDesktop },
];

export function PersonMenu() {
  const session = useSession();
  const signOut = useSignOut();
  const navigate = useNavigate();
  const location = useRouterState({ select: (state) => state.location });
  if (!session) return null;
  const { person } = session;
  if (!person) {
    return location.pathname === '/sign-in' ? <Schemes /> : (
      <LinkButton to="/sign-in" search={{ next: location.href === '/' ? undefined : location.href }} size="xs" leftSection={<IconLogin2 size={16} />}>
        Sign in
      </LinkButton>
    );
  }
  const leave = (everywhere: boolean) =>
    signOut.mutate(everywhere, {
      // Who came through a provider is still signed in there; the next one at this screen must not be.
      onSuccess: ({ address }) => (address ? window.location.assign(address) : void navigate({ to: '/' })),
    });
  return (
    <Menu position="bottom-end" width={240} shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" radius="xl">
          <VisuallyHidden>Account of {person.name}</VisuallyHidden>
          <Avatar name={person.name} color="petrol" size={30} radius="xl" aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)">
            {person.name}
          </Text>
          {ROLES[person.role]}
          {person.affiliation ? `, ${person.affiliation}` : ''}
        </Menu.Label>
        <Menu.Divider />
        <div style={{ padding: '4px 8px' }}>
          <Schemes />
        </div>
        <Menu.Divider />
        <LinkMenuItem to="/account" leftSection={<IconUserCircle size={16} />}>
          Your account
        </LinkMenuItem>
        <LinkMenuItem to="/saved" leftSection={<IconBookmark size={16} />}>
          Saved searches
        </LinkMenuItem>
        <LinkMenuItem to="/units" leftSection={<IconRuler2 size={16} />}>
          Units
        </LinkMenuItem>
        <LinkMenuItem to="/requests" leftSection={<IconInbox size={16} />}>
          Requests
        </LinkMenuItem>
        <LinkMenuItem to="/support" leftSection={<IconLifebuoy size={16} />}>
          Help requests
        </LinkMenuItem>
        <LinkMenuItem to="/tokens" leftSection={<IconKey size={16} />}>
          Access tokens
        </LinkMenuItem>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => leave(false)}>
          Sign out
        </Menu.Item>
        <Menu.Item leftSection={<IconDevices size={16} />} onClick={() => leave(true)}>
          Sign out in all browsers
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Schemes() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      fullWidth
      size="xs"
      aria-label="Colours of the page"
      value={colorScheme}
      onChange={(value) => setColorScheme(value as MantineColorScheme)}
      data={SCHEMES.map(({ value, label, icon: Icon }) => ({
        value,
        label: (
          <Tooltip label={label}>
            <span style={{ display: 'grid', placeItems: 'center', height: 18 }}>
              <Icon size={16} stroke={1.7} aria-label={label} role="img" />
            </span>
          </Tooltip>
        ),
      }))}
    />
  );
}
