import { Tabs } from '@mantine/core';

import type { DatasetOut } from '@/api/types';
import { DATASET_TABS } from '@/app/router';

import { AccessTab } from '@/pages/access/AccessTab';

import classes from './dataset.module.css';
import { Files } from './Files';
import { History } from './History';
import { Info } from './Info';
import { Metadata } from './Metadata';
import { NotesTab } from './NotesTab';
import { Versions } from './Versions';

type Tab = (typeof DATASET_TABS)[number];

const WORDS: Record<Tab, string> = { info: 'Info', metadata: 'Metadata', files: 'Files', notes: 'Notes', history: 'History', access: 'Access', versions: 'Versions' };

interface SidePaneProps {
  dataset: DatasetOut;
  tab: Tab;
  onTab: (tab: Tab | undefined) => void;
}

export function SidePane({ dataset, tab, onTab }: SidePaneProps) {
  const shown = DATASET_TABS.filter((name) => name !== 'versions' || tab === 'versions' || dataset.versions.length > 1);
  return (
    <Tabs
      value={tab}
      keepMounted={false}
      className={classes.side}
      onChange={(value) => {
        const next = DATASET_TABS.find((item) => item === value);
        onTab(next === 'info' ? undefined : next);
      }}
    >
      <Tabs.List aria-label="About this dataset" style={{ flexWrap: 'nowrap', overflowX: 'auto' }}>
        {shown.map((name) => (
          <Tabs.Tab key={name} value={name} px={5} fz="sm">
            {WORDS[name]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="info" className={classes.sidePanel}>
        <Info dataset={dataset} />
      </Tabs.Panel>
      <Tabs.Panel value="metadata" className={classes.sidePanel}>
        <Metadata dataset={dataset} />
      </Tabs.Panel>
      <Tabs.Panel value="files" className={classes.sidePanel}>
        <Files dataset={dataset} />
      </Tabs.Panel>
      <Tabs.Panel value="notes" className={classes.sidePanel}>
        <NotesTab dataset={dataset} />
      </Tabs.Panel>
      <Tabs.Panel value="history" className={classes.sidePanel}>
        <History dataset={dataset} />
      </Tabs.Panel>
      <Tabs.Panel value="access" className={classes.sidePanel}>
        <AccessTab dataset={dataset} />
      </Tabs.Panel>
      <Tabs.Panel value="versions" className={classes.sidePanel}>
        <Versions dataset={dataset} />
      </Tabs.Panel>
    </Tabs>
  );
}
