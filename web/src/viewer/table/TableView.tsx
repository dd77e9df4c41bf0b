/** Compound tables and lists of strings, read in pages. */

import { Group, Pagination, Text } from '@mantine/core';
import { useMemo, useState } from 'react';

import { exportUrl, requestJson } from '../data/requests';
import { useLatest } from '../data/useLatest';
import { blockSelection } from '../core/selection';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';
import { fieldNames, toRows } from './cells';
import { Matrix } from './Matrix';

const PAGE = 500;
const PAGE_CONTROLS = { first: 'First page', previous: 'Previous page', next: 'Next page', last: 'Last page' };

export function TableView({ source }: PlotProps) {
  const [page, setPage] = useState(1);
  const total = source.shape[0] ?? 1;
  const first = (page - 1) * PAGE;
  const ranges = source.shape.map((size, d): [number, number] => (d === 0 ? [first, Math.min(first + PAGE, size)] : [0, size]));
  const url = exportUrl(source.pid, source.path, blockSelection(ranges), 'json');
  const job = useMemo(() => ({ url }), [url]);
  const loaded = useLatest(job, ({ url: wanted }, signal) => requestJson<unknown>(wanted, signal));
  const table = useMemo(
    () => (loaded.value === null ? null : toRows(loaded.value, fieldNames(source.dtype))),
    [loaded.value, source.dtype],
  );
  const widest = table ? Math.max(...table.rows.slice(0, 100).flat().map((cell) => cell.length), ...table.columns.map((c) => c.length), 8) : 8;
  return (
    <PlotFrame
      pending={loaded.pending}
      late={loaded.late}
      error={loaded.error}
      empty={table === null}
      description={`Table of ${source.path}, ${total} rows`}
      readout={
        <Group px="sm" h={40} justify="space-between">
          <Text size="xs" c="dimmed">{`Rows ${first} to ${Math.min(first + PAGE, total) - 1} of ${total}`}</Text>
          {total > PAGE && <Pagination size="xs" total={Math.ceil(total / PAGE)} value={page} onChange={setPage} getControlProps={(control) => ({ 'aria-label': PAGE_CONTROLS[control] })} />}
        </Group>
      }
    >
      {table && (
        <Matrix
          key={url}
          label={`Rows of ${source.path}`}
            dims={[table.rows.length, table.columns.length]}
          columnHeaders={table.columns}
          cellFormatter={(row, column) => table.rows[row]?.[column] ?? ''}
          cellWidth={Math.min(Math.max(widest * 8 + 16, 80), 480)}
        />
      )}
    </PlotFrame>
  );
}
