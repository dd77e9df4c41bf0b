import { Badge, Button, Group, Modal, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDatabase } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';

import { Link } from '@/components/links';
import { ActionFailure, Loaded, SkeletonRows } from '@/components/states';
import { When } from '@/components/text';
import { plural } from '@/format';

import { Composer } from './Composer';
import classes from './logbook.module.css';
import { editEntry, removeEntry, restoreEntry, revisionsQuery, type LogbookEntry } from './queries';

const Markdown = lazy(() => import('@/components/Markdown'));

interface EntryProps {
  entry: LogbookEntry;
  /** The dataset on whose page this stands, which is not named again. */
  on?: string | undefined;
}

export function Entry({ entry, on }: EntryProps) {
  const queries = useQueryClient();
  const [editing, setEditing] = useState(false);
  const [history, historyOf] = useDisclosure(false);
  const changed = () => queries.invalidateQueries({ queryKey: ['logbook'] });
  const toggle = useMutation({ mutationFn: () => (entry.removed ? restoreEntry(entry) : removeEntry(entry)), onSuccess: changed });
  if (editing) {
    return (
      <li className={classes.entry}>
        <Composer
          proposal={entry.proposal}
          label="Change the entry"
          initial={entry.text}
          action="Save"
          save={async (text) => {
            await editEntry(entry, text);
            await changed();
            setEditing(false);
          }}
          onCancel={() => setEditing(false)}
        />
      </li>
    );
  }
  const others = entry.datasets.filter(({ pid }) => pid !== on);
  return (
    <li className={classes.entry} data-removed={entry.removed ? true : undefined}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="baseline">
        <Text size="sm" fw={600} component="span">
          {entry.author ?? 'Unknown'}{' '}
          <Text size="xs" c="dimmed" component="span" fw={400}>
            <When at={entry.created} exact />
            {entry.revisions > 0 && (
              <>
                {', '}
                <Button variant="transparent" size="compact-xs" p={0} fw={400} onClick={historyOf.open}>
                  {`changed ${entry.revisions > 1 ? plural(entry.revisions, 'time') : 'once'}`}
                </Button>
              </>
            )}
          </Text>
        </Text>
        {entry.may_edit && (
          <Group gap={4} wrap="nowrap">
            {!entry.removed && (
              <Button variant="subtle" size="compact-xs" onClick={() => setEditing(true)}>
                Edit
              </Button>
            )}
            <Button variant="subtle" color="gray" size="compact-xs" loading={toggle.isPending} onClick={() => toggle.mutate()}>
              {entry.removed ? 'Undo' : 'Remove'}
            </Button>
          </Group>
        )}
      </Group>
      {entry.removed ? (
        <Text size="sm" c="dimmed">
          Removed; others no longer see it.
        </Text>
      ) : (
        <Suspense fallback={<Text size="sm">{entry.text}</Text>}>
          <Markdown text={entry.text} inside />
        </Suspense>
      )}
      {!entry.removed && others.length > 0 && (
        <Group gap={6} mt={4}>
          {others.map((card) => (
            <Badge key={card.pid} variant="light" tt="none" fw={500} leftSection={<IconDatabase size={12} />}>
              <Link to="/datasets/$pid" params={{ pid: card.pid }} size="xs">
                {card.title}
              </Link>
            </Badge>
          ))}
        </Group>
      )}
      <ActionFailure error={toggle.error} />
      <Modal opened={history} onClose={historyOf.close} title="What was changed" size="lg">
        {history && <Changes entry={entry} />}
      </Modal>
    </li>
  );
}

const SIGN = { kept: ' ', added: '+', removed: '−' } as const;
const WORD = { kept: '', added: 'Added: ', removed: 'Removed: ' } as const;

function Changes({ entry }: { entry: LogbookEntry }) {
  const query = useQuery(revisionsQuery(entry.proposal, entry.id));
  return (
    <Loaded query={query} skeleton={<SkeletonRows rows={3} />}>
      {(revisions) => (
        <>
          {revisions.map((revision) => (
            <section key={revision.time}>
              <Text size="sm" mt="sm">
                {revision.editor ?? 'Unknown'}, <When at={revision.time} exact />
              </Text>
              <pre className={classes.difference}>
                {revision.difference.map((part, index) => (
                  <span key={index} data-what={part.what}>
                    <span className={classes.word}>{WORD[part.what]}</span>
                    {part.text.split('\n').map((line) => `${SIGN[part.what]} ${line}\n`)}
                  </span>
                ))}
              </pre>
            </section>
          ))}
        </>
      )}
    </Loaded>
  );
}
