import { Alert, Badge, Button, Checkbox, Group, Loader, Progress, Stack, Switch, Text, Title } from '@mantine/core';
import { IconFileCheck } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { RegistrationOut, SessionFileOut, WorkSessionOut } from '@/api/types';
import { Link } from '@/components/links';
import { ActionFailure } from '@/components/states';
import { When } from '@/components/text';
import { bytes, plural } from '@/format';

import { MakeRecipe } from './MakeRecipe';
import { sessionResultsQuery } from './queries';
import { RegisterResults } from './RegisterResults';
import { chosenOf } from './resultFiles';
import classes from './sessions.module.css';

/** What the session's program left in its results folder, and what of it became datasets. */
export function Results({ session }: { session: WorkSessionOut }) {
  const query = useQuery(sessionResultsQuery(session.id));
  const [marked, setMarked] = useState<string[]>([]);
  const [notebook, setNotebook] = useState<string | null>(null);
  const [registering, setRegistering] = useState(false);
  const found = query.data;
  const chosen = chosenOf(found?.files ?? [], marked);
  const mark = (name: string, on: boolean) => setMarked(on ? [...marked, name] : marked.filter((one) => one !== name));
  return (
    <section aria-label="Results">
      <Title order={2} size="h5" mb="xs">
        Results
      </Title>
      {query.isPending && <Loader size="sm" />}
      <ActionFailure error={query.error} />
      {found?.registration && <Registration registration={found.registration} />}
      {found && <Automatic session={session} on={found.automatic} mayChange={found.may_register} />}
      {found?.files.length === 0 && (
        <Text size="sm" c="dimmed">
          No files yet. What the program writes to its results folder appears here and can be registered as a dataset.
        </Text>
      )}
      {found && found.files.length > 0 && (
        <Stack gap="xs">
          <ul className={classes.files} aria-label="Files">
            {found.files.map((file) => (
              <FileRow key={file.name} file={file} mayRegister={found.may_register} marked={chosen.includes(file.name)} onMark={(on) => mark(file.name, on)} onMakeRecipe={() => setNotebook(file.name)} />
            ))}
          </ul>
          {found.more && (
            <Text size="xs" c="dimmed">
              There are more files; the latest are shown.
            </Text>
          )}
          {found.may_register && (
            <Group>
              <Button size="compact-sm" leftSection={<IconFileCheck size={14} />} disabled={chosen.length === 0 || found.registration?.state === 'working'} onClick={() => setRegistering(true)}>
                Register …
              </Button>
              <Text size="xs" c="dimmed">
                {chosen.length === 0 ? 'Choose files to make datasets of.' : `${String(chosen.length)} chosen`}
              </Text>
            </Group>
          )}
        </Stack>
      )}
      {notebook !== null && <MakeRecipe session={session} file={notebook} onClose={() => setNotebook(null)} />}
      {registering && (
        <RegisterResults
          session={session}
          files={chosen}
          others={(found?.files ?? []).filter(({ name, problem }) => problem === null && !chosen.includes(name)).map(({ name }) => name)}
          onClose={() => setRegistering(false)}
          onDone={() => {
            setRegistering(false);
            setMarked([]);
          }}
        />
      )}
    </section>
  );
}

/** How far large files are that are being registered, or what became of them. */
function Registration({ registration }: { registration: RegistrationOut }) {
  const { state, done, total, registered, problem, remedy } = registration;
  if (state === 'working') {
    const percent = total > 0 ? Math.min(Math.round((100 * done) / total), 100) : 0;
    return (
      <div>
        <Text size="sm" id="registration">{`Registering results: ${bytes(done)} of ${bytes(total)} copied`}</Text>
        <Progress.Root size="sm" my={4}>
          <Progress.Section value={percent} aria-labelledby="registration" />
        </Progress.Root>
        <Text size="xs" c="dimmed">
          You can leave this page; it goes on.
        </Text>
      </div>
    );
  }
  if (state === 'failed') {
    return (
      <Alert color="red" variant="light" mb="xs" title="Not registered">
        {[problem, remedy, registered.length > 0 && `${plural(registered.length, 'file')} before it stay registered.`].filter(Boolean).join(' ')}
      </Alert>
    );
  }
  return null;
}

/** Whether finished results register themselves: its person decides, others read it. */
function Automatic({ session, on, mayChange }: { session: WorkSessionOut; on: boolean; mayChange: boolean }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (wanted: boolean) => body(api.POST('/api/v1/sessions/{session_id}/automatic-results', { params: { path: { session_id: session.id } }, body: { on: wanted } })),
    onSettled: () => queries.invalidateQueries({ queryKey: sessionResultsQuery(session.id).queryKey }),
  });
  return (
    <>
      <Switch
        size="xs"
        mb="xs"
        label="Finished results register themselves"
        description="NeXus files with an NXprocess group, once they are complete."
        checked={change.isPending ? change.variables : on}
        disabled={!mayChange || change.isPending}
        onChange={(event) => change.mutate(event.currentTarget.checked)}
      />
      <ActionFailure error={change.error} />
    </>
  );
}

interface FileRowProps {
  file: SessionFileOut;
  mayRegister: boolean;
  marked: boolean;
  onMark: (on: boolean) => void;
  onMakeRecipe: () => void;
}

function FileRow({ file, mayRegister, marked, onMark, onMakeRecipe }: FileRowProps) {
  const name = (
    <Text span size="sm" className={classes.fileName}>
      {file.name}
    </Text>
  );
  return (
    <li>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        {mayRegister ? (
          <Checkbox size="xs" mt={3} label={name} checked={marked} disabled={file.problem !== null} onChange={(event) => onMark(event.currentTarget.checked)} />
        ) : (
          name
        )}
        {mayRegister && file.problem === null && file.name.endsWith('.ipynb') && (
          <Button size="compact-xs" variant="default" onClick={onMakeRecipe}>
            Make a recipe …
          </Button>
        )}
        {file.processed && (
          <Badge size="xs" variant="light" tt="none">
            NeXus, processed
          </Badge>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {bytes(file.size)} · <When at={file.modified} />
        {file.dataset && (
          <>
            {' · '}
            <Link to="/datasets/$pid" params={{ pid: file.dataset }} size="xs" inherit>
              {file.changed ? 'An earlier state is a dataset' : file.automatic ? 'Registered by itself' : 'Registered as a dataset'}
            </Link>
          </>
        )}
      </Text>
      {file.set_aside && (
        <Text size="xs" c="orange.8">
          Not registered by itself: {file.set_aside}
        </Text>
      )}
      {file.problem && (
        <Text size="xs" c="red">
          {file.problem}
        </Text>
      )}
    </li>
  );
}
