import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';

import { helpIndexQuery, helpPageQuery } from '@/api/queries';
import type { HelpEntry } from '@/api/types';
import { Link } from '@/components/links';
import { Page } from '@/components/Page';
import { Loaded, SkeletonRows } from '@/components/states';

import classes from './help.module.css';

const Markdown = lazy(() => import('@/components/Markdown'));
const route = getRouteApi('/help/$');

export function HelpPage() {
  const { _splat: path = '' } = route.useParams();
  const query = useQuery(helpPageQuery(path));
  const index = useQuery(helpIndexQuery).data ?? [];
  const title = query.data?.title ?? 'Help';
  return (
    <Page key={path} title={title} crumbs={[{ label: 'Help', to: '/help' }, { label: title }]}>
      <div className={classes.page}>
        <div>
          <Loaded query={query} skeleton={<SkeletonRows rows={8} height={20} />}>
            {(page) => (
              <Suspense fallback={<Skeleton height={300} />}>
                <Markdown text={withoutTitle(page.markdown)} base={page.path} />
                <ToAnchor />
              </Suspense>
            )}
          </Loaded>
        </div>
        <Beside path={path} entries={index} />
      </div>
    </Page>
  );
}

/** The page's own heading carries the title. */
function withoutTitle(markdown: string): string {
  return markdown.replace(/^\s*# .*\n/u, '');
}

function ToAnchor() {
  const hash = useRouterState({ select: (state) => state.location.hash });
  useEffect(() => {
    if (hash) document.getElementById(hash)?.scrollIntoView();
  }, [hash]);
  return null;
}

function Beside({ path, entries }: { path: string; entries: HelpEntry[] }) {
  const section = entries.find((entry) => entry.path === path)?.section;
  const same = entries.filter((entry) => entry.section === section);
  if (same.length < 2) return null;
  return (
    <nav className={classes.beside} aria-label="Pages of this section">
      <Text size="xs" c="dimmed" fw={600} mb={6}>
        In this section
      </Text>
      {same.map((entry) => (
        <Link key={entry.path} to="/help/$" params={{ _splat: entry.path }} size="sm" display="block" py={3} {...(entry.path === path && { c: 'inherit', fw: 600, 'aria-current': 'page' as const })}>
          {entry.title}
        </Link>
      ))}
    </nav>
  );
}
