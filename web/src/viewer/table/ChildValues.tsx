/** The single values of a group in one table: what a log, a collection or a sample says. */

import { Table } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';

import { withUnit } from '../core/format';
import { exportUrl, requestJson } from '../data/requests';
import type { ArraySource, NodeOut } from '../data/types';
import { cellText } from './cells';

/** More are a list to scroll through in the tree, not a table to read. */
const MOST = 60;
const LONGEST = 200;

interface ChildValuesProps {
  readonly owner: Pick<ArraySource, 'pid' | 'version'>;
  readonly node: NodeOut;
}

export function ChildValues({ owner, node }: ChildValuesProps) {
  const single = (node.children ?? []).filter((child) => child.kind === 'dataset' && child.dtype && isSingle(child.shape)).slice(0, MOST);
  const values = useQueries({
    queries: single.map(({ path }) => ({
      queryKey: ['viewer', 'single value', owner.pid, owner.version, path],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        requestJson<unknown>(exportUrl(owner.pid, path, null, 'json'), signal).then((value) => ({ value })),
      staleTime: Infinity,
      retry: 1,
    })),
  });
  if (single.length === 0) return null;
  return (
    <Table captionSide="top" mb="lg" maw={860} fz="sm">
      <Table.Caption ta="left" mt={0}>
        Values
      </Table.Caption>
      <Table.Tbody>
        {single.map((child, index) => (
          <Table.Tr key={child.path}>
            <Table.Th w={180} fw={500} style={{ verticalAlign: 'top' }}>
              {child.name}
            </Table.Th>
            <Table.Td style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-line' }}>{shown(child, values[index]?.data, values[index]?.isError ?? false)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function isSingle(shape: readonly number[] | null | undefined): boolean {
  return shape?.every((length) => length === 1) ?? false;
}

function shown(child: NodeOut, answer: { value: unknown } | undefined, failed: boolean): string {
  if (failed) return 'can’t be read';
  if (!answer) return '…';
  let { value } = answer;
  while (Array.isArray(value) && value.length === 1) value = value[0] as unknown;
  const name = Object.entries(child.enum).find(([, number]) => number === value)?.[0];
  const text = name ?? cellText(value);
  return withUnit(text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text, child.unit);
}
