import { Badge, Button, Group, Modal, Skeleton, Stack, Text } from '@mantine/core';
import { IconBook, IconDownload, IconFile, IconFileOff, IconPaperclip } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';

import { filesQuery } from '@/api/queries';
import type { DatasetOut, FileOut } from '@/api/types';
import { Loaded, SkeletonRows } from '@/components/states';
import { CopyIcon, Dots, When } from '@/components/text';
import { bytes, plural } from '@/format';

import classes from './dataset.module.css';

const Notebook = lazy(async () => ({ default: (await import('@/components/notebook/Notebook')).Notebook }));

export function Files({ dataset }: { dataset: DatasetOut }) {
  const query = useQuery(filesQuery(dataset.pid));
  return (
    <Loaded query={query} skeleton={<SkeletonRows rows={3} height={56} />}>
      {(files) => (
        <Stack gap="xs">
          <Text size="sm" c="dimmed">
            {plural(files.length, 'file')}, {bytes(files.reduce((sum, { size }) => sum + size, 0))}. An interrupted download can be resumed.
          </Text>
          <ul style={{ listStyle: 'none', margin: 0, padding: 0 }}>
            {files.map((file) => (
              <FileRow key={file.id} pid={dataset.pid} file={file} />
            ))}
          </ul>
        </Stack>
      )}
    </Loaded>
  );
}

function FileRow({ pid, file }: { pid: string; file: FileOut }) {
  const href = `/api/v1/datasets/${encodeURIComponent(pid)}/files/${String(file.id)}/content`;
  const FileIcon = file.missing ? IconFileOff : file.role === 'attachment' ? IconPaperclip : IconFile;
  return (
    <li className={classes.file}>
      <Group gap={8} wrap="nowrap" align="flex-start">
        <FileIcon size={17} stroke={1.6} style={{ flex: 'none', marginTop: 2 }} aria-hidden />
        <div style={{ minWidth: 0, flex: 1 }}>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {file.name}
          </Text>
          <Text size="xs" c="dimmed" component="div">
            <Dots parts={[bytes(file.size), file.role === 'attachment' && 'attachment', <When key="t" at={file.modified} exact />]} />
          </Text>
          <Group gap={4} wrap="nowrap">
            <Text size="xs" c="dimmed" truncate className={classes.hash} title={`SHA-256 ${file.sha256}`}>
              SHA-256 {file.sha256.slice(0, 16)}…
            </Text>
            <CopyIcon value={file.sha256} label={`Copy the SHA-256 of ${file.name}`} />
          </Group>
        </div>
        {file.missing ? (
          <Badge color="orange" size="sm">
            Missing
          </Badge>
        ) : (
          <>
            {file.name.endsWith('.ipynb') && <ReadNotebook href={href} file={file} />}
            <Button component="a" href={href} download={file.name} variant="default" size="compact-sm" leftSection={<IconDownload size={14} />} aria-label={`Download ${file.name}`}>
            Download
            </Button>
          </>
        )}
      </Group>
    </li>
  );
}

function ReadNotebook({ href, file }: { href: string; file: FileOut }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" size="compact-sm" leftSection={<IconBook size={14} />} aria-label={`Read ${file.name}`} onClick={() => { setOpen(true); }}>
        Read
      </Button>
      <Modal opened={open} onClose={() => { setOpen(false); }} title={file.name} size="xl">
        <Suspense fallback={<Skeleton height={300} />}>
          <Notebook href={href} name={file.name} size={file.size} />
        </Suspense>
      </Modal>
    </>
  );
}
