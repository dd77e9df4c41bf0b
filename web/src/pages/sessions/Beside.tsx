import { Button, Stack, Switch, Text, Title } from '@mantine/core';
import { IconDoorExit } from '@tabler/icons-react';

import type { WorkSessionOut } from '@/api/types';
import { usePerson } from '@/app/session';

import { useSeenByOperators } from './actions';
import { Chat } from './Chat';
import type { Company } from './company';
import { People } from './People';
import classes from './sessions.module.css';
import { Sharing } from './Sharing';
import { useMember } from './letting';
import { youWatch, youWorkAlong } from './words';

/** What stands beside the program: who is here, the chat, with whom it is shared. */
export function Beside({ session, company }: { session: WorkSessionOut; company: Company | null }) {
  return (
    <aside className={classes.beside} aria-label="People">
      <Title order={2} size="h5" mb="sm">
        {session.is_owner ? 'Share this session' : `A session of ${session.person}`}
      </Title>
      <Stack gap="lg">
        <People company={company} />
        <Chat at={`/api/v1/sessions/${session.id}`} />
        {session.is_owner && session.kind !== 'app' && <Operators session={session} />}
        {session.is_owner ? <Sharing session={session} /> : <Guest session={session} />}
      </Stack>
    </aside>
  );
}

function Operators({ session }: { session: WorkSessionOut }) {
  const seen = useSeenByOperators(session.id);
  return (
    <Switch
      size="xs"
      label={session.kind === 'desktop' ? 'Operators may see a small picture of the screen' : 'Operators may see which notebooks are open'}
      checked={session.seen_by_operators}
      disabled={seen.isPending}
      onChange={(event) => seen.mutate(event.currentTarget.checked)}
    />
  );
}

function Guest({ session }: { session: WorkSessionOut }) {
  const person = usePerson();
  const { remove } = useMember(session.id);
  return (
    <div>
      <Text size="sm" mb="sm">
        {session.may === 'full' ? `You work along, ${youWorkAlong(session.person)}` : `You only watch: ${youWatch(session.kind)}`}
      </Text>
      <Button size="compact-sm" variant="default" leftSection={<IconDoorExit size={14} />} onClick={() => person && remove.mutate(person.user)}>
        Leave
      </Button>
    </div>
  );
}
