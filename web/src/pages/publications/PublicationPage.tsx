import { Alert, Anchor, Badge, Button, Group, Modal, Pagination, Stack, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { modals } from '@mantine/modals';
import { IconArchiveOff, IconPencil, IconQuote, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { PUBLICATION_PAGE, publicationQuery } from '@/api/queries';
import type { PublicationOut } from '@/api/types';
import { DatasetRows } from '@/components/datasets';
import { TechniqueChip } from '@/components/marks';
import { Page, Section } from '@/components/Page';
import { ActionFailure, Failure, SkeletonRows } from '@/components/states';
import { CopyText, Facts, When } from '@/components/text';
import { bytes, plural } from '@/format';

import { EditPublication } from './EditPublication';

const route = getRouteApi('/publications/$pid');
const FORMATS = [
  ['bibtex', 'BibTeX'],
  ['ris', 'RIS'],
  ['datacite', 'DataCite'],
  ['schema.org', 'schema.org'],
] as const;
const PAGE_CONTROLS = { first: 'First page', previous: 'Previous page', next: 'Next page', last: 'Last page' };

export function PublicationPage() {
  const { pid } = route.useParams();
  const { page = 1 } = route.useSearch();
  const query = useQuery(publicationQuery(pid, Math.max(page, 1)));
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <SkeletonRows />;
  return <Landing key={pid} publication={query.data} />;
}

/** The landing page: what was published, by whom, how it is cited, and the data. */
function Landing({ publication }: { publication: PublicationOut }) {
  const { pid, state, title, abstract, creators, keywords, techniques, related, count, size } = publication;
  return (
    <Page
      title={title}
      width="normal"
      crumbs={[{ label: 'Publications', to: '/publications' }, { label: title }]}
      marks={
        state !== 'published' && (
          <Badge variant="light" color={state === 'draft' ? 'yellow' : 'gray'}>
            {state}
          </Badge>
        )
      }
      description={creators.map(({ name }) => name).join(', ')}
      actions={<Actions publication={publication} />}
    >
      <Notes publication={publication} />
      <Stack gap="lg">
        {abstract && <Text style={{ whiteSpace: 'pre-wrap' }}>{abstract}</Text>}
        <Section title="How to cite" aside={<CopyText value={publication.citation}>Copy</CopyText>}>
          <Text>{publication.citation}</Text>
          <Group gap="md" mt={4}>
            {FORMATS.map(([format, label]) => (
              <Anchor key={format} size="sm" href={`/api/v1/publications/${pid}/citation?format=${format}`}>
                {label}
              </Anchor>
            ))}
          </Group>
        </Section>
        <Facts
          facts={[
            { name: 'Creators', value: <Creators publication={publication} /> },
            { name: 'Published', value: publication.published && <When at={publication.published} exact /> },
            { name: 'Publisher', value: publication.publisher },
            { name: 'Licence', value: publication.licence },
            { name: 'DOI', value: publication.doi && <Anchor href={publication.identifier}>{publication.doi}</Anchor> },
            {
              name: 'Techniques',
              value:
                techniques.length > 0 ? (
                  <Group gap={4}>
                    {techniques.map((one) => (
                      <TechniqueChip key={one.iri} technique={one} />
                    ))}
                  </Group>
                ) : null,
            },
            { name: 'Keywords', value: keywords.join(', ') },
            {
              name: 'Related',
              value:
                related.length > 0
                  ? related.map(({ doi, relation }) => (
                      <div key={doi + relation}>
                        {words(relation)} <Anchor href={`https://doi.org/${doi}`}>{doi}</Anchor>
                      </div>
                    ))
                  : null,
            },
          ]}
        />
        {state !== 'withdrawn' && (
          <Section title={`${plural(count, 'dataset')}, ${bytes(size)}`}>
            <Datasets publication={publication} />
          </Section>
        )}
      </Stack>
    </Page>
  );
}

/** A page of those that the reader may see; which one stands in the address. */
function Datasets({ publication }: { publication: PublicationOut }) {
  const { count, visible, opens, datasets } = publication;
  const { page = 1 } = route.useSearch();
  const navigate = route.useNavigate();
  const pages = Math.ceil(visible / PUBLICATION_PAGE);
  return (
    <>
      {visible < count && (
        <Text size="sm" c="dimmed" mb="xs">
          You can’t see {count - visible} of them yet.
          {opens && <> The last one opens <When at={opens} exact />.</>}
        </Text>
      )}
      {datasets.length > 0 && <DatasetRows datasets={datasets} />}
      {pages > 1 && (
        <Pagination
          mt="md"
          total={pages}
          value={Math.min(Math.max(page, 1), pages)}
          onChange={(chosen) => void navigate({ search: chosen > 1 ? { page: chosen } : {}, resetScroll: false })}
          getControlProps={(control) => ({ 'aria-label': PAGE_CONTROLS[control] })}
          getItemProps={(item) => ({ 'aria-label': `Page ${String(item)} of ${String(pages)}` })}
        />
      )}
    </>
  );
}

function Creators({ publication }: { publication: PublicationOut }) {
  return publication.creators.map(({ name, affiliation, orcid }) => (
    <div key={name + orcid}>
      {orcid ? <Anchor href={`https://orcid.org/${orcid}`}>{name}</Anchor> : name}
      {affiliation && <Text span c="dimmed">{`, ${affiliation}`}</Text>}
    </div>
  ));
}

function Notes({ publication }: { publication: PublicationOut }) {
  const { state, reason, may_change, doi_state, doi_note } = publication;
  if (state === 'withdrawn') {
    return (
      <Alert color="gray" variant="light" mb="md" title="This was withdrawn">
        {reason}
      </Alert>
    );
  }
  if (state === 'draft') {
    return (
      <Alert color="yellow" variant="light" mb="md" title="A draft: only you see it">
        Check the creators and the text. Once published, the page is there for everyone and for good, and its datasets and licence stay.
        It opens no data: readers find those that they may see.
      </Alert>
    );
  }
  if (!may_change || doi_state === 'none' || doi_state === 'registered') return null;
  return (
    <Alert color={doi_state === 'refused' ? 'red' : 'blue'} variant="light" mb="md" title={doi_state === 'refused' ? 'The DOI was refused' : 'The DOI is being registered'}>
      {doi_note ?? 'This takes a moment.'}
    </Alert>
  );
}

function Actions({ publication }: { publication: PublicationOut }) {
  const { pid, state, may_change, may_withdraw, doi_state } = publication;
  const [editing, edit] = useDisclosure(false);
  const [withdrawing, withdraw] = useDisclosure(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const again = () => queries.invalidateQueries({ queryKey: ['publications'] });
  const params = { path: { pid } };
  const publish = useMutation({
    mutationFn: () => body(api.POST('/api/v1/publications/{pid}/published', { params })),
    onSuccess: again,
  });
  const retry = useMutation({
    mutationFn: () => body(api.POST('/api/v1/publications/{pid}/doi', { params })),
    onSuccess: again,
  });
  const discard = useMutation({
    mutationFn: () => body(api.DELETE('/api/v1/publications/{pid}', { params })),
    onSuccess: () => {
      void navigate({ to: '/publications' });
      void again();
    },
  });
  const confirm = () =>
    modals.openConfirmModal({
      title: 'Publish this?',
      children: <Text size="sm">The page becomes visible to everyone and stays. Its words can be amended, its datasets can’t.</Text>,
      labels: { confirm: 'Publish', cancel: 'Not yet' },
      onConfirm: () => publish.mutate(),
    });
  return (
    <>
      {may_change && state === 'draft' && (
        <Button leftSection={<IconQuote size={16} />} loading={publish.isPending} onClick={confirm}>
          Publish
        </Button>
      )}
      {may_change && (
        <Button variant="default" leftSection={<IconPencil size={16} />} onClick={edit.open}>
          Edit
        </Button>
      )}
      {may_change && doi_state === 'refused' && (
        <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate()}>
          Try the DOI again
        </Button>
      )}
      {may_change && state === 'draft' && (
        <Button variant="subtle" color="gray" leftSection={<IconTrash size={16} />} loading={discard.isPending} onClick={() => discard.mutate()}>
          Discard
        </Button>
      )}
      {may_withdraw && (
        <Button variant="subtle" color="gray" leftSection={<IconArchiveOff size={16} />} onClick={withdraw.open}>
          Withdraw
        </Button>
      )}
      <ActionFailure error={publish.error ?? discard.error ?? retry.error} />
      <Modal opened={editing} onClose={edit.close} title="Edit" size="xl">
        <EditPublication publication={publication} onDone={edit.close} />
      </Modal>
      <Modal opened={withdrawing} onClose={withdraw.close} title="Withdraw this publication">
        <Withdraw pid={pid} onDone={withdraw.close} />
      </Modal>
    </>
  );
}

function Withdraw({ pid, onDone }: { pid: string; onDone: () => void }) {
  const [reason, setReason] = useState('');
  const queries = useQueryClient();
  const withdraw = useMutation({
    mutationFn: () => body(api.POST('/api/v1/publications/{pid}/withdrawn', { params: { path: { pid } }, body: { reason } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['publications'] });
      onDone();
    },
  });
  return (
    <Stack>
      <Text size="sm">The page stays with its title, its creators and this reason; the data are no longer listed. This can’t be undone.</Text>
      <Textarea label="Reason, for everyone to read" autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} data-autofocus />
      <ActionFailure error={withdraw.error} />
      <Group justify="flex-end">
        <Button color="red" disabled={!reason.trim()} loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
          Withdraw
        </Button>
      </Group>
    </Stack>
  );
}

/** IsSupplementTo → Is supplement to */
function words(relation: string): string {
  const told = relation.replace(/([A-Z])/g, ' $1').trim().toLowerCase();
  return told.charAt(0).toUpperCase() + told.slice(1);
}
