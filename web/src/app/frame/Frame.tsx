import { AppShell, Burger, Group } from '@mantine/core';
import { useDisclosure, useLocalStorage, useMediaQuery } from '@mantine/hooks';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

import { Activity } from './Activity';
import { Banners } from './Banners';
import { Brand, Crumbs } from './Crumbs';
import classes from './Frame.module.css';
import { HelpIcon } from './HelpIcon';
import { HelpRequests } from './HelpRequests';
import { Palette } from './Palette';
import { PersonMenu } from './PersonMenu';
import { Rail } from './Rail';
import { SearchBox } from './SearchBox';
import { useNoticePopups } from './notices';

/** The room around every page: where am I, search, running work, help, person; the rail at the left. */
export function Frame() {
  const [menuOpen, menu] = useDisclosure(false);
  const [chosen, choose] = useLocalStorage<boolean | null>({ key: 'pandaas-rail-narrow', defaultValue: null, getInitialValueInEffect: false });
  const medium = useMediaQuery('(max-width: 1120px)', false, { getInitialValueInEffect: false });
  const narrow = chosen ?? medium;
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const main = useRef<HTMLElement>(null);
  useNoticePopups();
  useEffect(() => menu.close(), [pathname, menu]);
  useEffect(() => {
    window.scrollTo({ top: 0 }); // in a block: newer browsers answer with a promise, which is no clean-up function
  }, [pathname]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: narrow ? 56 : 200, breakpoint: 'sm', collapsed: { mobile: !menuOpen } }}
      transitionDuration={120}
    >
      <a className={classes.skip} href="#main" onClick={() => main.current?.focus()}>
        Skip to contents
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="sm" gap="sm" wrap="nowrap">
          <Burger opened={menuOpen} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
          <Brand />
          <Crumbs />
          <SearchBox />
          <Group gap={4} wrap="nowrap" className={classes.tools}>
            <Activity />
            <HelpRequests />
            <HelpIcon />
            <PersonMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.rail}>
        <Rail narrow={narrow && !menuOpen} onToggle={() => choose(!narrow)} />
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <Banners />
        <Outlet />
      </AppShell.Main>
      <Palette />
    </AppShell>
  );
}
