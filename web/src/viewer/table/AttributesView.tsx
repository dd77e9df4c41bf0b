/** A node's attributes, and for groups where the plot is. */

import { Button, Table, Text } from '@mantine/core';

import { describeDtype } from '../core/dtype';
import type { ArraySource, NodeOut } from '../data/types';
import { cellText } from './cells';
import { ChildValues } from './ChildValues';
import styles from '../viewer.module.css';

interface AttributesViewProps {
  readonly owner: Pick<ArraySource, 'pid' | 'version'>;
  readonly node: NodeOut;
  /** Path of what would be plotted in this group. */
  readonly suggestion: string | null;
  readonly onPathChange: (path: string) => void;
}

function factsOf(node: NodeOut): [string, string][] {
  const facts: [string, string | null | undefined][] = [
    ['Path', node.path],
    ['Class', node.nx_class],
    ['Shape', node.shape?.join(' × ')],
    ['Type', node.dtype ? describeDtype(node.dtype) : null],
    ['Unit', node.unit],
    ['Chunks', node.chunks?.join(' × ')],
    ['Filters', node.filters.join(', ')],
    ['Link', node.target],
    ['Children', node.kind === 'group' ? String(node.child_count) : null],
  ];
  return facts.filter((fact): fact is [string, string] => Boolean(fact[1]));
}

export function AttributesView({ owner, node, suggestion, onPathChange }: AttributesViewProps) {
  const attributes = Object.entries(node.attributes ?? {});
  return (
    <div className={styles.scroll}>
      {node.kind === 'unresolved' && (
        <Text mb="md">{node.target ?? 'This link leads to a file that can’t be opened from here.'}</Text>
      )}
      {suggestion && (
        <Button mb="md" size="xs" onClick={() => onPathChange(suggestion)}>
          Show the plot of this group
        </Button>
      )}
      <ChildValues owner={owner} node={node} />
      <Rows rows={factsOf(node)} caption="What it is" />
      {attributes.length > 0 && (
        <Rows rows={attributes.map(([name, value]) => [name, cellText(value)])} caption="Attributes" />
      )}
    </div>
  );
}

function Rows({ rows, caption }: { rows: readonly (readonly [string, string])[]; caption: string }) {
  return (
    <Table captionSide="top" mb="lg" maw={860} fz="sm">
      <Table.Caption ta="left" mt={0}>
        {caption}
      </Table.Caption>
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={180} fw={500} style={{ verticalAlign: 'top' }}>
              {name}
            </Table.Th>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
