import { Button, Checkbox, Group, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';

import { proposalsQuery } from '@/api/queries';
import { usePerson } from '@/app/session';
import { Page, Section } from '@/components/Page';
import { Failure } from '@/components/states';
import { ApiError } from '@/api/errors';
import { addFiles, clearEnded, isBusy, useTransfers } from '@/upload/store';

import { DropZone } from './DropZone';
import { TransferRow } from './TransferRow';

const route = getRouteApi('/upload');

/** Small data from one's own computer: into one's own space, or into a proposal one may write to. */
export function UploadPage() {
  const { proposal = null } = route.useSearch();
  const navigate = route.useNavigate();
  const person = usePerson();
  const [together, setTogether] = useState(true);
  const transfers = useTransfers();
  const { data: proposals } = useQuery({ ...proposalsQuery(true), enabled: person !== null });
  const writable = (proposals ?? []).filter(({ may_write: may, type }) => may && type !== 'personal');
  if (!person) {
    return (
      <Page title="Upload" width="normal">
        <Failure error={signInFirst()} />
      </Page>
    );
  }
  return (
    <Page title="Upload" width="normal" description="NeXus and HDF5, CBF, EDF, TIFF, column text, CanSAS XML, Zarr and more. Large series come from the beamline by themselves.">
      <Stack gap="md">
        <Group align="flex-end" gap="md">
          <Select
            label="Into"
            w={360}
            clearable
            placeholder="My own space: only I see it"
            data={writable.map(({ name, title }) => ({ value: name, label: `${name}: ${title}` }))}
            value={proposal}
            onChange={(value) => void navigate({ search: { proposal: value ?? undefined }, replace: true })}
          />
          <Checkbox
            mb={8}
            label="Files added together belong together"
            description="As a master file and its data files do"
            checked={together}
            onChange={(event) => setTogether(event.currentTarget.checked)}
          />
        </Group>
        <DropZone onFiles={(files) => addFiles(files, proposal, together)} />
        {transfers.length > 0 && (
          <Section
            title="Files"
            aside={
              transfers.some(({ stage }) => !isBusy(stage)) && (
                <Button variant="subtle" size="compact-xs" onClick={clearEnded}>
                  Clear what has ended
                </Button>
              )
            }
          >
            <ul style={{ listStyle: 'none', margin: 0, padding: 0 }} aria-live="polite">
              {transfers.map((transfer) => (
                <TransferRow key={transfer.key} transfer={transfer} />
              ))}
            </ul>
          </Section>
        )}
        <Text size="xs" c="dimmed">
          An interrupted upload goes on where it stopped, also after this page was closed: add the same files again. From the command line: <code>pandaas upload FILE</code>.
        </Text>
      </Stack>
    </Page>
  );
}

function signInFirst(): ApiError {
  return new ApiError({
    type: 'urn:pandaas:not-signed-in',
    title: 'Not signed in',
    status: 401,
    detail: 'Uploaded data need an owner.',
    remedy: 'Sign in, then add your files.',
    request_id: '',
  });
}
