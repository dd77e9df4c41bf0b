import { ActionIcon, Button, Menu, Modal, Stack, TagsInput, Text, TextInput, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBookmark, IconCode, IconColumns3, IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { completionsQuery, preferencesQuery, snippetQuery, type HitsQuery } from '@/api/queries';
import type { ColumnSetOut } from '@/api/types';
import { ActionFailure } from '@/components/states';
import { writeAddress } from '@/app/address';
import { SaveSearch } from '@/pages/saved/SaveSearch';

import { CodeBlock } from './CodeBlock';

interface ToolsProps {
  hits: HitsQuery;
  columns: readonly string[];
  signedIn: boolean;
  onColumns: (columns: string[]) => void;
}

/** What one does with a whole result: keep the question, take the answer along, go on in code, choose columns. */
export function Tools({ hits, columns, signedIn, onColumns }: ToolsProps) {
  const [saving, save] = useDisclosure(false);
  const [coding, code] = useDisclosure(false);
  const [arranging, arrange] = useDisclosure(false);
  return (
    <>
      {signedIn && (
        <Button variant="default" size="xs" leftSection={<IconBookmark size={15} />} onClick={save.open}>
          Save search
        </Button>
      )}
      <Menu shadow="md" position="bottom-end">
        <Menu.Target>
          <Tooltip label="Save all results as a file">
            <ActionIcon variant="default" size={30} aria-label="Export results">
              <IconDownload size={16} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {(['csv', 'json', 'parquet'] as const).map((format) => (
            <Menu.Item key={format} component="a" href={`/api/v1/search/export${writeAddress({ ...hits, column: columns, format })}`} download>
              {{ csv: 'CSV, for spreadsheets', json: 'JSON', parquet: 'Parquet, for data frames' }[format]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Tooltip label="This query as code">
        <ActionIcon variant="default" size={30} aria-label="Use this query in code" onClick={code.open}>
          <IconCode size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Columns">
        <ActionIcon variant="default" size={30} aria-label="Choose columns" onClick={arrange.open}>
          <IconColumns3 size={16} />
        </ActionIcon>
      </Tooltip>
      <Modal opened={saving} onClose={save.close} title="Save this search">
        <SaveSearch hits={hits} onClose={save.close} />
      </Modal>
      <Modal opened={coding} onClose={code.close} title="This query in code" size="xl">
        <Code hits={hits} />
      </Modal>
      <Modal opened={arranging} onClose={arrange.close} title="Columns">
        <Columns columns={columns} signedIn={signedIn} onColumns={onColumns} />
      </Modal>
    </>
  );
}

function Code({ hits }: { hits: HitsQuery }) {
  const { data } = useQuery(snippetQuery(hits));
  if (!data) return null;
  return (
    <Stack gap="md">
      <CodeBlock title="Python" code={data.python} />
      <Button component="a" href={`/api/v1/search/notebook${writeAddress({ ...hits })}`} download variant="default" w="fit-content" leftSection={<IconDownload size={16} />}>
        Download as notebook
      </Button>
      <CodeBlock title="Command line" code={data.command} />
      <CodeBlock title="Address of this page" code={data.page} />
      <CodeBlock title="Address of the interface (JSON)" code={data.api} />
    </Stack>
  );
}

interface ColumnsProps {
  columns: readonly string[];
  signedIn: boolean;
  onColumns: (columns: string[]) => void;
}

function Columns({ columns, signedIn, onColumns }: ColumnsProps) {
  const [typed, type] = useState('');
  const [name, setName] = useState('');
  const offers = useQuery({ ...completionsQuery(typed, typed.length), enabled: typed.length > 0 });
  const names = (offers.data?.items ?? []).filter(({ kind }) => kind === 'parameter').map(({ label }) => label);
  const sets = useQuery({ ...preferencesQuery, enabled: signedIn }).data?.columns ?? [];
  const queries = useQueryClient();
  const keep = useMutation({
    mutationFn: (next: ColumnSetOut[]) => body(api.PATCH('/api/v1/preferences', { body: { columns: next } })),
    onSuccess: (kept) => queries.setQueryData(preferencesQuery.queryKey, kept),
  });
  const others = sets.filter((one) => one.name !== name.trim());
  return (
    <Stack gap="sm">
      <TagsInput
        label="Parameters as columns"
        description="Each with its unit, in the one you prefer"
        placeholder="photon_energy"
        maxTags={12}
        data={names}
        value={[...columns]}
        onChange={onColumns}
        searchValue={typed}
        onSearchChange={type}
        data-autofocus
      />
      {sets.length > 0 && (
        <div>
          <Text size="xs" c="dimmed" mb={4}>
            Your sets
          </Text>
          <Button.Group style={{ flexWrap: 'wrap' }}>
            {sets.map((one) => (
              <Button key={one.name} variant="default" size="compact-sm" onClick={() => onColumns(one.columns)}>
                {one.name}
              </Button>
            ))}
          </Button.Group>
        </div>
      )}
      {signedIn && columns.length > 0 && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            keep.mutate([...others, { name: name.trim(), columns: [...columns] }]);
          }}
        >
          <TextInput label="Keep these as" value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={60} />
          <Button type="submit" size="xs" mt="xs" variant="default" disabled={name.trim() === ''} loading={keep.isPending}>
            Keep set of columns
          </Button>
          <ActionFailure error={keep.error} />
        </form>
      )}
    </Stack>
  );
}
