import { Button, Group, Modal, MultiSelect, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { ApiError } from '@/api/errors';
import { proposalsQuery } from '@/api/queries';
import type { SessionResultIn, WorkSessionOut } from '@/api/types';
import { ActionFailure } from '@/components/states';
import { TechniqueInput } from '@/pages/dataset/TechniqueInput';

import { sessionResultsQuery } from './queries';
import { titleFor } from './resultFiles';

interface RegisterProps {
  session: WorkSessionOut;
  files: string[];
  /** Further files, which may be attached to one. */
  others: string[];
  onClose: () => void;
  onDone: () => void;
}

/** One form for all that a file doesn't say itself; what is left empty is taken from the file and the session's data. */
export function RegisterResults({ session, files, others, onClose, onDone }: RegisterProps) {
  const queries = useQueryClient();
  const [title, setTitle] = useState(titleFor(files, session.program_title));
  const [description, setDescription] = useState('');
  const [sample, setSample] = useState('');
  const [techniques, setTechniques] = useState<string[]>([]);
  const [proposal, setProposal] = useState<string | null>(null);
  const [attachments, setAttachments] = useState<string[]>([]);
  const writable = (useQuery(proposalsQuery(true)).data ?? []).filter(({ may_write: may }) => may);
  const one = files.length === 1;
  const save = useMutation({
    mutationFn: (wanted: SessionResultIn) =>
      body(api.POST('/api/v1/sessions/{session_id}/results', { params: { path: { session_id: session.id } }, body: wanted })),
    onSuccess: (done) => {
      if (!Array.isArray(done)) {
        onDone(); // large files are copied in the background; the list shows how far they are
        return;
      }
      const fresh = done.filter(({ is_new }) => is_new).length;
      const known = done.length - fresh;
      const parts = [fresh > 0 ? `${String(fresh)} registered` : '', known > 0 ? `${String(known)} had been registered before` : ''];
      notifications.show({ title: 'Results', message: parts.filter(Boolean).join(', ') });
      onDone();
    },
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: sessionResultsQuery(session.id).queryKey });
      void queries.invalidateQueries({ queryKey: ['search'] });
    },
  });
  const fault = save.error instanceof ApiError ? save.error : null;
  const errorOf = (field: string) => (fault?.field === field ? [fault.message, fault.problem.remedy].filter(Boolean).join(' ') : undefined);
  return (
    <Modal opened onClose={onClose} title={one ? `Register ${files[0] ?? ''}` : `Register ${String(files.length)} files`} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate({ files, title, description: description || null, sample: sample || null, techniques, proposal, attachments: one ? attachments : [] });
        }}
      >
        <Stack>
          <Text size="sm">
            {session.datasets.length > 0
              ? `Made from ${session.datasets.map(({ title: of }) => `“${of}”`).join(', ')} with ${session.program_title}.`
              : `Made with ${session.program_title}, without data of the platform.`}
          </Text>
          {!one && (
            <Text size="sm" c="dimmed">
              Each file becomes a dataset of its own, called by this title and its name.
            </Text>
          )}
          <TextInput label="Title" required maxLength={500} value={title} onChange={(event) => setTitle(event.currentTarget.value)} error={errorOf('title')} data-autofocus />
          <Textarea label="Description" autosize minRows={2} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={errorOf('description')} />
          <TextInput label="Sample" placeholder="What the file or the inputs say" maxLength={300} value={sample} onChange={(event) => setSample(event.currentTarget.value)} error={errorOf('sample')} />
          <TechniqueInput tagged={[]} value={techniques} onChange={setTechniques} error={errorOf('techniques')} />
          {one && others.length > 0 && (
            <MultiSelect label="Attach" description="Files that belong to it: a figure, the notebook, a table." data={others} value={attachments} onChange={setAttachments} searchable error={errorOf('attachments')} />
          )}
          <Select
            label="The result goes to"
            clearable
            placeholder="The inputs' proposal, else your own space"
            data={writable.map(({ name, title: called, type }) => ({ value: name, label: type === 'personal' ? 'My own space' : `${name}: ${called}` }))}
            value={proposal}
            onChange={setProposal}
            error={errorOf('proposal')}
          />
          <ActionFailure error={fault?.field && fault.field !== 'files' ? null : save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending} disabled={title.trim() === ''}>
              Register
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
