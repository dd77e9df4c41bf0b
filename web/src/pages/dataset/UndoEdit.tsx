import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { datasetQuery } from '@/api/queries';
import type { DatasetPatch, HistoryEntry } from '@/api/types';
import { ActionFailure } from '@/components/states';

import { undoOf } from './undo';

/** Puts back what one edit changed; that is an edit of its own, so it can be undone as well. */
export function UndoEdit({ pid, entry }: { pid: string; entry: HistoryEntry }) {
  const queries = useQueryClient();
  const undo = useMutation({
    mutationFn: (change: DatasetPatch) => body(api.PATCH('/api/v1/datasets/{pid}', { params: { path: { pid } }, body: change })),
    onSuccess: (saved) => {
      queries.setQueryData(datasetQuery(pid).queryKey, saved);
      void queries.invalidateQueries({ queryKey: ['dataset', pid] });
      void queries.invalidateQueries({ queryKey: ['search'] });
    },
  });
  const change = undoOf(entry.payload);
  if (!change) return null;
  return (
    <>
      {' '}
      <Button variant="transparent" size="compact-xs" p={0} fw={400} loading={undo.isPending} onClick={() => undo.mutate(change)} aria-label={`Put back: ${entry.text}`}>
        Put back
      </Button>
      <ActionFailure error={undo.error} />
    </>
  );
}
