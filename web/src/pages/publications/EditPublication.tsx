import { ActionIcon, Button, Group, NativeSelect, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { PublicationOut } from '@/api/types';
import { ActionFailure } from '@/components/states';

const RELATIONS = [
  { value: 'IsCitedBy', label: 'Is cited by' },
  { value: 'IsSupplementTo', label: 'Is supplement to' },
  { value: 'IsReferencedBy', label: 'Is referenced by' },
  { value: 'Cites', label: 'Cites' },
  { value: 'References', label: 'References' },
  { value: 'IsSupplementedBy', label: 'Is supplemented by' },
  { value: 'IsDerivedFrom', label: 'Is derived from' },
  { value: 'IsPartOf', label: 'Is part of' },
] as const;
type Relation = (typeof RELATIONS)[number]['value'];

/** Everything that is said of a publication. */
export function EditPublication({ publication, onDone }: { publication: PublicationOut; onDone: () => void }) {
  const [title, setTitle] = useState(publication.title);
  const [abstract, setAbstract] = useState(publication.abstract);
  const [creators, setCreators] = useState(publication.creators);
  const [keywords, setKeywords] = useState(publication.keywords);
  const [related, setRelated] = useState(publication.related);
  const [licence, setLicence] = useState(publication.licence);
  const [publisher, setPublisher] = useState(publication.publisher);
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      body(
        api.PATCH('/api/v1/publications/{pid}', {
          params: { path: { pid: publication.pid } },
          body: { title, abstract, creators, keywords, related, publisher, ...(publication.state === 'draft' && { licence }) },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['publications'] });
      onDone();
    },
  });
  const setCreator = (place: number, change: Partial<(typeof creators)[number]>) =>
    setCreators(creators.map((one, at) => (at === place ? { ...one, ...change } : one)));
  return (
    <Stack>
      <TextInput label="Title" required value={title} onChange={(event) => setTitle(event.currentTarget.value)} data-autofocus />
      <Textarea label="Abstract" autosize minRows={4} maxRows={14} value={abstract} onChange={(event) => setAbstract(event.currentTarget.value)} />
      <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
        <Text component="legend" size="sm" fw={500} mb={4}>
          Creators, in the order of the citation
        </Text>
        <Stack gap="xs">
          {creators.map((one, place) => (
            <Group key={place} gap="xs" wrap="nowrap">
              <TextInput flex={2} aria-label={`Name of creator ${String(place + 1)}`} placeholder="Name" value={one.name} onChange={(event) => setCreator(place, { name: event.currentTarget.value })} />
              <TextInput flex={2} aria-label={`Affiliation of creator ${String(place + 1)}`} placeholder="Affiliation" value={one.affiliation} onChange={(event) => setCreator(place, { affiliation: event.currentTarget.value })} />
              <TextInput w={190} aria-label={`ORCID iD of creator ${String(place + 1)}`} placeholder="0000-0000-0000-0000" value={one.orcid} onChange={(event) => setCreator(place, { orcid: event.currentTarget.value })} />
              <ActionIcon variant="subtle" color="gray" aria-label={`Remove creator ${String(place + 1)}`} onClick={() => setCreators(creators.filter((_, at) => at !== place))}>
                <IconTrash size={16} />
              </ActionIcon>
            </Group>
          ))}
        </Stack>
        <Button mt="xs" size="xs" variant="subtle" leftSection={<IconPlus size={14} />} onClick={() => setCreators([...creators, { name: '', affiliation: '', orcid: '' }])}>
          Add a creator
        </Button>
      </fieldset>
      <TagsInput label="Keywords" value={keywords} onChange={setKeywords} />
      <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
        <Text component="legend" size="sm" fw={500} mb={4}>
          Papers and other data
        </Text>
        <Stack gap="xs">
          {related.map((one, place) => (
            <Group key={place} gap="xs" wrap="nowrap">
              <NativeSelect
                aria-label={`Relation ${String(place + 1)}`}
                data={RELATIONS}
                value={one.relation}
                onChange={(event) => setRelated(related.map((old, at) => (at === place ? { ...old, relation: event.currentTarget.value as Relation } : old)))}
              />
              <TextInput
                flex={1}
                aria-label={`DOI ${String(place + 1)}`}
                placeholder="10.1000/xyz123"
                value={one.doi}
                onChange={(event) => setRelated(related.map((old, at) => (at === place ? { ...old, doi: event.currentTarget.value } : old)))}
              />
              <ActionIcon variant="subtle" color="gray" aria-label={`Remove relation ${String(place + 1)}`} onClick={() => setRelated(related.filter((_, at) => at !== place))}>
                <IconTrash size={16} />
              </ActionIcon>
            </Group>
          ))}
        </Stack>
        <Button mt="xs" size="xs" variant="subtle" leftSection={<IconPlus size={14} />} onClick={() => setRelated([...related, { doi: '', relation: 'IsCitedBy' }])}>
          Add a DOI
        </Button>
      </fieldset>
      <Group grow>
        <TextInput label="Publisher" value={publisher} onChange={(event) => setPublisher(event.currentTarget.value)} />
        <TextInput label="Licence (SPDX)" disabled={publication.state !== 'draft'} value={licence} onChange={(event) => setLicence(event.currentTarget.value)} />
      </Group>
      <ActionFailure error={save.error} />
      <Group justify="flex-end">
        <Button disabled={!title.trim()} loading={save.isPending} onClick={() => save.mutate()}>
          Save
        </Button>
      </Group>
    </Stack>
  );
}
