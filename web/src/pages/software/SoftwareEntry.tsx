import { Anchor, Badge, Button, Group, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle, IconHeartbeat } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import type { SoftwareOut } from '@/api/types';
import { useSession } from '@/app/session';
import { Link } from '@/components/links';
import { Facts, When } from '@/components/text';
import { bytes, duration, number, plural } from '@/format';

import { lookOf, verifiedText } from './looks';
import { softwareQuery } from './queries';
import classes from './software.module.css';

/** One environment or program: its state first, then what it holds and what uses it. */
export function SoftwareEntry({ entry }: { entry: SoftwareOut }) {
  const { color, icon: StateIcon, word } = lookOf(entry);
  const heading = `software-${entry.kind}-${entry.id}`;
  const verified = verifiedText(entry.verified);
  return (
    <article id={entry.id} className={classes.entry} aria-labelledby={heading}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Title order={3} id={heading} className={classes.title}>
          {entry.title} {entry.version && entry.kind !== 'environment' && <span className={classes.version}>{entry.version}</span>}
        </Title>
        <Badge className="pd-mark" color={color} leftSection={<StateIcon size={12} aria-hidden />}>
          {word}
        </Badge>
      </Group>
      <Trouble entry={entry} />
      {verified && (
        <Text size="sm" className={classes.line}>
          {entry.verified === '' && <IconAlertTriangle size={14} aria-hidden />} {verified}
        </Text>
      )}
      <Facts facts={factsOf(entry)} />
      {entry.kind === 'environment' && <Tools entry={entry} />}
    </article>
  );
}

/** Why it can't be used, and what to do. */
function Trouble({ entry }: { entry: SoftwareOut }) {
  const reason = entry.health?.works === false ? entry.health.detail : entry.detail;
  if (!reason && !entry.remedy) return null;
  return (
    <Text size="sm">
      {[reason, entry.remedy].filter((text) => text !== null && text !== undefined && text !== '').join(' ')}
    </Text>
  );
}

function factsOf(entry: SoftwareOut) {
  const { health } = entry;
  const works = health?.works === true;
  return [
    { name: 'Holds', value: entry.contents.map(({ name, version }) => `${name} ${version}`).join(', '), source: entry.packages ? `with all they need: ${plural(entry.packages, 'package')}` : null },
    { name: 'Python', value: entry.python },
    { name: 'Start-up', value: works && health.import_s !== null ? `${number(health.import_s, 2)} s to import all of it` : null, source: works ? 'measured in the sandbox' : null },
    { name: 'Last check', value: health && <When at={health.checked} /> },
    { name: 'Size', value: entry.size ? bytes(entry.size) : null, source: entry.build_s ? `built in ${duration(entry.build_s)}` : null },
    { name: 'Key', value: entry.kind === 'environment' && entry.version ? `${entry.version}…` : null, source: 'results name it' },
    { name: 'Licence', value: entry.licence },
    {
      name: 'Recipes',
      value: entry.recipes.length > 0 && (
        <Group gap={10}>
          {entry.recipes.map(({ id, title }) => (
            <Link key={id} to="/recipes" hash={id} inherit>
              {title}
            </Link>
          ))}
        </Group>
      ),
    },
    { name: 'In sessions', value: entry.apps.map(({ title }) => title).join(', ') },
    { name: 'Cite', value: entry.citation.length > 0 && entry.citation.map((text) => <div key={text}>{text}</div>) },
    {
      name: 'Home',
      value: entry.url && (
        <Anchor href={entry.url} target="_blank" rel="noreferrer" inherit underline="always">
          {entry.url}
        </Anchor>
      ),
    },
  ].filter(({ value }) => value !== false);
}

/** For operators: try it now, read how it was built. */
function Tools({ entry }: { entry: SoftwareOut }) {
  const queries = useQueryClient();
  const operates = useSession()?.person?.role === 'operator';
  const check = useMutation({
    mutationFn: () => body(api.POST('/api/v1/software/{environment}/check', { params: { path: { environment: entry.id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: softwareQuery.queryKey }),
    onError: (error) => notifications.show({ color: 'red', title: 'It could not be checked', message: error.message }),
  });
  if (!operates) return null;
  return (
    <Group gap="xs" mt="xs">
      {entry.state === 'ready' && (
        <Button variant="default" size="compact-sm" loading={check.isPending} leftSection={<IconHeartbeat size={14} />} onClick={() => { check.mutate(); }} aria-label={`Check now: ${entry.title}`}>
          Check now
        </Button>
      )}
      {entry.state !== 'missing' && (
        <Button component="a" href={`/api/v1/software/${encodeURIComponent(entry.id)}/log`} target="_blank" rel="noreferrer" variant="default" size="compact-sm" aria-label={`Build log: ${entry.title}`}>
          Build log
        </Button>
      )}
    </Group>
  );
}
