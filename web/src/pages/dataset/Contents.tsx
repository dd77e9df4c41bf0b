import { TextInput } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useState } from 'react';

import type { DatasetOut } from '@/api/types';

import { Attributes } from './Attributes';
import classes from './dataset.module.css';
import { FilteredArrays, Tree } from './Tree';

interface ContentsProps {
  dataset: DatasetOut;
  path: string;
  onOpen: (path: string) => void;
}

/** What lies inside: the tree, a filter over all arrays, and the attributes of what is chosen. */
export function Contents({ dataset, path, onOpen }: ContentsProps) {
  const [filter, setFilter] = useState('');
  return (
    <div className={classes.contents}>
      <div className={classes.filter}>
        <TextInput
          size="xs"
          aria-label="Filter the arrays"
          placeholder="Filter arrays"
          leftSection={<IconFilter size={14} />}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setFilter('');
          }}
        />
      </div>
      {filter.trim() ? (
        <FilteredArrays dataset={dataset} filter={filter} path={path} onOpen={onOpen} />
      ) : (
        <Tree dataset={dataset} path={path} onOpen={onOpen} />
      )}
      <Attributes pid={dataset.pid} path={path} />
    </div>
  );
}
