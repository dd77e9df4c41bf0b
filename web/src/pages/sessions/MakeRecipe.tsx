import { Button, Group, Modal, MultiSelect, Stack, Table, Text, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { ApiError } from '@/api/errors';
import type { WorkSessionOut } from '@/api/types';
import { ActionFailure } from '@/components/states';
import { TechniqueInput } from '@/pages/dataset/TechniqueInput';

import { fieldsOf, idFor, titleFor } from './resultFiles';

const ARRAYS = ['curve', 'image', 'image_stack', 'volume', 'spectra_map', 'events', 'table'];

/** A notebook of the results folder becomes a recipe of the person: its parameters are shown before it is kept. */
export function MakeRecipe({ session, file, onClose }: { session: WorkSessionOut; file: string; onClose: () => void }) {
  const queries = useQueryClient();
  const params = { path: { session_id: session.id } };
  const [title, setTitle] = useState(titleFor([file], session.program_title));
  const [id, setId] = useState(idFor(file));
  const [version, setVersion] = useState('1.0');
  const [summary, setSummary] = useState('');
  const [input, setInput] = useState('');
  const [arrays, setArrays] = useState<string[]>([]);
  const [techniques, setTechniques] = useState<string[]>([]);
  const look = useQuery({
    queryKey: ['notebook', session.id, file],
    queryFn: () => body(api.POST('/api/v1/sessions/{session_id}/notebooks/look', { params, body: { file, inputs: [] } })),
    retry: false,
    gcTime: 0,
  });
  const fields = fieldsOf(look.data?.parameter_schema);
  const chosen = input || (fields.find(({ type }) => type === 'string')?.name ?? 'dataset');
  const save = useMutation({
    mutationFn: () =>
      body(
        api.POST('/api/v1/sessions/{session_id}/notebooks', {
          params,
          body: { file, id, version, title, summary, techniques, memory_mb: 2048, inputs: [{ name: chosen, title: 'Data', kinds: ['raw', 'derived'], arrays, minimum: 1, maximum: 1 }] },
        }),
      ),
    onSuccess: () => {
      notifications.show({ title: 'Recipe registered', message: `“${title}” is yours alone until instrument staff publish it. Find it under Analyse.` });
      void queries.invalidateQueries({ queryKey: ['recipes'] });
      onClose();
    },
  });
  const fault = save.error instanceof ApiError ? save.error : null;
  const errorOf = (...names: string[]) => (fault?.field && names.includes(fault.field) ? [fault.message, fault.problem.remedy].filter(Boolean).join(' ') : undefined);
  return (
    <Modal opened onClose={onClose} title={`Make ${file} a recipe`} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack>
          <TextInput label="Title" required maxLength={200} value={title} onChange={(event) => setTitle(event.currentTarget.value)} error={errorOf('title')} data-autofocus />
          <Group grow align="flex-start">
            <TextInput label="Identifier" description="Lower-case letters, digits, hyphens" required maxLength={64} value={id} onChange={(event) => setId(event.currentTarget.value)} error={errorOf('id')} />
            <TextInput label="Version" description="Published versions never change" required maxLength={32} value={version} onChange={(event) => setVersion(event.currentTarget.value)} error={errorOf('version')} />
          </Group>
          <Textarea label="Summary" autosize minRows={2} maxLength={2000} value={summary} onChange={(event) => setSummary(event.currentTarget.value)} error={errorOf('summary')} />
          <TextInput label="Variable that gets the data" description="A variable of the parameters cell; it gets the path of the chosen dataset’s file." required value={chosen} onChange={(event) => setInput(event.currentTarget.value)} error={errorOf('inputs', 'inputs.name', 'inputs.1.name')} />
          <MultiSelect label="Accepts" placeholder={arrays.length === 0 ? 'All data' : undefined} data={ARRAYS.map((value) => ({ value, label: value.replace('_', ' ') }))} value={arrays} onChange={setArrays} error={errorOf('inputs.1.arrays')} />
          <TechniqueInput tagged={[]} value={techniques} onChange={setTechniques} error={errorOf('techniques')} />
          <section aria-label="Parameters">
            <Text size="sm" fw={500}>
              Parameters found in the notebook
            </Text>
            {look.isPending && <Text size="sm">Reading the notebook …</Text>}
            <ActionFailure error={look.error} />
            {look.data && fields.filter(({ name }) => name !== chosen).length === 0 && (
              <Text size="sm" c="dimmed">
                None: tag one cell “parameters” to give the recipe a form.
              </Text>
            )}
            {fields.some(({ name }) => name !== chosen) && (
              <Table>
                <Table.Tbody>
                  {fields
                    .filter(({ name }) => name !== chosen)
                    .map(({ name, title: label, type, value }) => (
                      <Table.Tr key={name}>
                        <Table.Td>{label}</Table.Td>
                        <Table.Td>
                          <code>{name}</code>
                        </Table.Td>
                        <Table.Td>{type}</Table.Td>
                        <Table.Td>{value}</Table.Td>
                      </Table.Tr>
                    ))}
                </Table.Tbody>
              </Table>
            )}
          </section>
          <Text size="sm" c="dimmed">
            It runs in the environment of {session.program_title}. Only you see and run it until instrument staff publish this version.
          </Text>
          <ActionFailure error={errorOf('title', 'id', 'version', 'summary', 'techniques') ? null : save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending} disabled={!look.data}>
              Register the recipe
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
