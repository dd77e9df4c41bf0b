import { Button, Group, Skeleton, Text } from '@mantine/core';
import { IconDownload, IconNotebook } from '@tabler/icons-react';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';

import { fetchRaw } from '@/api/client';
import { Loaded, Message, SkeletonRows } from '@/components/states';
import { bytes } from '@/format';

import classes from './notebook.module.css';
import { readNotebook, type Cell, type Output } from './read';

const Markdown = lazy(() => import('@/components/Markdown'));
const LARGEST = 30_000_000;

interface NotebookProps {
  /** Where the file is fetched from. */
  href: string;
  name: string;
  size: number;
}

const notebookQuery = (href: string) =>
  queryOptions({
    queryKey: ['notebook', href],
    queryFn: async ({ signal }) => readNotebook(await (await fetchRaw(href, { signal })).text()),
    staleTime: Infinity,
  });

/** An executed notebook, read only: text, code, figures. What it would run in the page stays in the file. */
export function Notebook({ href, name, size }: NotebookProps) {
  const [code, setCode] = useState(false);
  const query = useQuery({ ...notebookQuery(href), enabled: size <= LARGEST });
  return (
    <div>
      <Group gap="xs" mb="xs">
        <Button variant="default" size="compact-sm" aria-pressed={code} onClick={() => { setCode(!code); }}>
          {code ? 'Hide the code' : 'Show the code'}
        </Button>
        <Button component="a" href={href} download={name} variant="default" size="compact-sm" leftSection={<IconDownload size={14} />}>
          Download {name}
        </Button>
      </Group>
      {size > LARGEST ? (
        <Text size="sm">It is too large to be shown here ({bytes(size)}): download it and open it in Jupyter.</Text>
      ) : (
        <Loaded query={query} skeleton={<SkeletonRows rows={6} height={40} />}>
          {(cells) =>
            cells === null ? (
              <Message icon={IconNotebook} title="This file is no notebook">Download it to look at what it holds.</Message>
            ) : (
              <div className={classes.notebook}>
                {cells.map((cell) => (
                  <CellView key={cell.number} cell={cell} code={code} />
                ))}
              </div>
            )
          }
        </Loaded>
      )}
    </div>
  );
}

function CellView({ cell, code }: { cell: Cell; code: boolean }) {
  const failed = cell.outputs.some(({ is }) => is === 'error');
  if (cell.kind === 'markdown') {
    return (
      <Suspense fallback={<Skeleton height={24} />}>
        <Markdown text={cell.source} inside plain />
      </Suspense>
    );
  }
  return (
    <div className={classes.cell} data-failed={failed || undefined}>
      {(code || failed || cell.parameters) && (
        <>
          <Text size="xs" c="dimmed">
            {cell.parameters ? `Cell ${String(cell.number)}: the chosen values` : `Cell ${String(cell.number)}`}
          </Text>
          <pre className={classes.code} aria-label={`Code of cell ${String(cell.number)}`}>
            {cell.source}
          </pre>
        </>
      )}
      {cell.outputs.map((output, index) => (
        <OutputView key={index} output={output} cell={cell.number} />
      ))}
    </div>
  );
}

function OutputView({ output, cell }: { output: Output; cell: number }) {
  switch (output.is) {
    case 'picture':
      return <img className={classes.picture} src={output.address} alt={`Figure of cell ${String(cell)}`} />;
    case 'text':
      return (
        <pre className={classes.text} data-warns={output.warns || undefined}>
          {output.text}
        </pre>
      );
    case 'error':
      return (
        <div className={classes.error}>
          <Text size="sm" fw={600}>
            {output.name}: {output.text}
          </Text>
          <Text size="xs">The downloaded notebook holds how it came about.</Text>
        </div>
      );
    case 'other':
      return (
        <Text size="xs" c="dimmed">
          Not shown here: {output.kinds.join(', ')}. Download the notebook to see it.
        </Text>
      );
  }
}
