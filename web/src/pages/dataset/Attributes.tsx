import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { treeQuery } from '@/api/queries';
import type { NodeOut } from '@/api/types';
import { CopyIcon, Facts } from '@/components/text';
import { number, shape, unitText } from '@/format';
import { describeDtype } from '@/viewer/core/dtype';

import classes from './dataset.module.css';

/** Type, shape, storage and attributes of the chosen node. */
export function Attributes({ pid, path }: { pid: string; path: string }) {
  const query = useQuery(treeQuery(pid, path));
  return (
    <section className={classes.attributes} aria-label="Attributes">
      <div className={classes.path}>
        <span>{path}</span>
        <CopyIcon value={path} label="Copy the path" />
      </div>
      {query.error && !query.data && (
        <Text size="xs" c="dimmed">
          {query.error.message}
        </Text>
      )}
      {query.data && <Facts facts={factsOf(query.data)} />}
    </section>
  );
}

function factsOf(node: NodeOut) {
  return [
    { name: 'class', value: node.nx_class },
    { name: 'type', value: typeText(node) },
    { name: 'shape', value: node.shape ? shape(node.shape) : null },
    { name: 'unit', value: unitText(node.unit) },
    { name: 'chunks', value: node.chunks ? shape(node.chunks) : null },
    { name: 'filters', value: node.filters.map((filter) => filter.split(';')[0]).join(', ') },
    { name: 'leads to', value: node.target },
    ...Object.entries(node.attributes ?? {})
      .filter(([name]) => name !== 'NX_class' && name !== 'units')
      .map(([name, value]) => ({ name: `@${name}`, value: attributeText(value) })),
  ];
}

/** HDF5 says more of a type than NumPy does: named values, links. */
function typeText({ dtype, type_class: kind }: NodeOut): string | null {
  if (!dtype) return null;
  if (kind === 'reference') return 'link to another object';
  return kind === 'enum' ? `named values, ${describeDtype(dtype)}` : describeDtype(dtype);
}

export function attributeText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return number(value, 8);
  if (Array.isArray(value)) {
    const shown = value.slice(0, 20).map(attributeText).join(', ');
    return value.length > 20 ? `${shown}, …` : shown;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
