import { Box, Group, Text, Title } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';

import { usePlace, type Crumb } from '@/app/crumbs';

import classes from './Page.module.css';

interface PageProps {
  title: string;
  /** What stands beside the title: state, kind. */
  marks?: ReactNode;
  description?: ReactNode;
  crumbs?: readonly Crumb[];
  actions?: ReactNode;
  width?: 'normal' | 'wide' | 'list' | 'full';
  children: ReactNode;
}

let firstPage = true;

/** Title, actions and contents of a page; on navigation the title takes the keyboard focus so that it is read out. */
export function Page({ title, marks, description, crumbs, actions, width = 'wide', children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  usePlace(crumbs ?? [{ label: title }]);
  useEffect(() => {
    if (!firstPage) heading.current?.focus({ preventScroll: true });
    firstPage = false;
  }, []);
  return (
    <Box className={classes.page} data-width={width}>
      <Group justify="space-between" align="flex-start" gap="md" className={classes.head}>
        <div className={classes.title}>
          <Group gap="xs" align="center">
            <Title order={1} ref={heading} tabIndex={-1} className={classes.heading}>
              {title}
            </Title>
            {marks}
          </Group>
          {description !== undefined && (
            <Text c="dimmed" size="sm" component="div" mt={2}>
              {description}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Box>
  );
}

interface SectionProps {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}

export function Section({ title, aside, children }: SectionProps) {
  return (
    <section className={classes.section} aria-label={title}>
      <Group justify="space-between" mb="xs" align="baseline">
        <Title order={2}>{title}</Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}
