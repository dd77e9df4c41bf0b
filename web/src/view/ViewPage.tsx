import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconMoon, IconSun } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';

import { around, go, hrefOf, useAddress } from './address';
import { A } from './Anchor';
import { viewQuery, type ViewOut } from './data';
import { Place } from './Place';
import { Refusal } from './Refusal';
import classes from './view.module.css';

/** The page of `pandaas view`: where am I, and the file or folder that the address names. */
export function ViewPage() {
  const { place } = useAddress();
  const query = useQuery(viewQuery);
  const view = query.data;
  const isTop = place === '';
  useEffect(() => {
    if (view && isTop && (view.start || window.location.pathname === '/')) go(hrefOf(view.start), { replace: true });
  }, [view, isTop]);
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <A href={hrefOf('')} className={classes.brand} aria-label="PaN-DAaS view, all files">
          <img src="/favicon.svg" alt="" />
        </A>
        {view && <Crumbs view={view} place={place} />}
        <Scheme />
      </header>
      <main className={classes.main}>
        {query.error && <Refusal error={query.error} />}
        {view && !(isTop && view.start) && <Place key={place} view={view} place={place} />}
      </main>
    </div>
  );
}

function Crumbs({ view, place }: { view: ViewOut; place: string }) {
  const parts = view.is_file ? [] : around(place);
  return (
    <nav aria-label="Where you are" className={classes.crumbs}>
      <ol>
        <li>{parts.length === 0 ? <span aria-current="page">{view.title}</span> : <A href={hrefOf('')}>{view.title}</A>}</li>
        {parts.map((part, index) => (
          <li key={part.place}>
            <span aria-hidden>/</span>
            {index === parts.length - 1 ? <span aria-current="page">{part.name}</span> : <A href={hrefOf(part.place)}>{part.name}</A>}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Scheme() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  return (
    <Tooltip label={dark ? 'Light page' : 'Dark page'}>
      <ActionIcon variant="subtle" color="gray" aria-label="Dark page" aria-pressed={dark} onClick={() => setColorScheme(dark ? 'light' : 'dark')}>
        {dark ? <IconSun size={18} stroke={1.7} /> : <IconMoon size={18} stroke={1.7} />}
      </ActionIcon>
    </Tooltip>
  );
}
