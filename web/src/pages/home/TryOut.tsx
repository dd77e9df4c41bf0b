import { ActionIcon, Text, Tooltip } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconCheck, IconX } from '@tabler/icons-react';

import type { TryStep } from '@/api/types';
import { LinkPlain } from '@/components/links';
import { Section } from '@/components/Page';

import classes from './HomePage.module.css';

/** What a newcomer may try, in order; can be put away. */
export function TryOut({ steps }: { steps: readonly TryStep[] }) {
  const [hidden, setHidden] = useLocalStorage({ key: 'pandaas-try-hidden', defaultValue: false, getInitialValueInEffect: false });
  if (hidden) return null;
  return (
    <Section
      title="What to try"
      aside={
        <Tooltip label="Don't show again">
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Don't show these steps again" onClick={() => setHidden(true)}>
            <IconX size={14} />
          </ActionIcon>
        </Tooltip>
      }
    >
      <ol className={classes.steps}>
        {steps.map(({ title, text, link, done }, index) => (
          <li key={title}>
            <LinkPlain to={link} className={classes.step} data-done={done || undefined}>
              <span className={classes.number}>
                {done ? <IconCheck size={14} aria-label="Done" role="img" /> : String(index + 1)}
              </span>
              <Text size="sm" fw={600}>
                {title}
              </Text>
              <Text size="xs" c="dimmed">
                {text}
              </Text>
            </LinkPlain>
          </li>
        ))}
      </ol>
    </Section>
  );
}
