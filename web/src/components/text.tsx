/** Small pieces of text that mean the same everywhere: times, copyable identifiers, facts. */
import { ActionIcon, Button, CopyButton, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { Fragment, useEffect, useState, type ReactNode } from 'react';

import { ago, fullTime, time } from '@/format';

import classes from './text.module.css';

export function When({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
  if (!at) return <span>–</span>;
  return (
    <time dateTime={at} title={fullTime(at)} className={classes.when}>
      {exact ? time(at) : ago(at)}
    </time>
  );
}

/** The moment, once a second while `on`: for running clocks. */
export function useNow(on: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!on) return undefined;
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, [on]);
  return now;
}

export function CopyIcon({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={copy}>
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

export function CopyText({ value, children }: { value: string; children: ReactNode }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Button
          variant="default"
          size="xs"
          leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          onClick={copy}
          aria-live="polite"
        >
          {copied ? 'Copied' : children}
        </Button>
      )}
    </CopyButton>
  );
}

export interface Fact {
  name: string;
  value: ReactNode;
  /** Where the value comes from. */
  source?: string | null | undefined;
}

/** Names and values in two columns, a list for screen readers; facts without a value are left out. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={classes.facts}>
      {facts
        .filter(({ value }) => value !== null && value !== undefined && value !== '')
        .map(({ name, value, source }) => (
          <div key={name} className={classes.fact}>
            <dt>{name}</dt>
            <dd>
              {value}
              {source && (
                <Text span c="dimmed" size="xs" className={classes.source}>
                  {source}
                </Text>
              )}
            </dd>
          </div>
        ))}
    </dl>
  );
}

/** Parts of one line, divided by middle dots; empty parts vanish. */
export function Dots({ parts }: { parts: readonly ReactNode[] }) {
  const shown = parts.filter((part) => part !== null && part !== undefined && part !== '' && part !== false);
  return (
    <span className={classes.dots}>
      {shown.map((part, index) => (
        <Fragment key={index}>
          <span>{part}</span>{' '}
        </Fragment>
      ))}
    </span>
  );
}
