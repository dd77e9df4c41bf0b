import { Stack, Tabs, Text } from '@mantine/core';

import type { DatasetOut } from '@/api/types';
import { CopyIcon, Facts, When } from '@/components/text';
import { bytes } from '@/format';
import { Metadata } from '@/pages/dataset/Metadata';

import classes from './view.module.css';

/** What the file says of itself. */
export function FileSide({ record }: { record: DatasetOut }) {
  return (
    <Tabs defaultValue="info" keepMounted={false} className={classes.side}>
      <Tabs.List>
        <Tabs.Tab value="info">Info</Tabs.Tab>
        <Tabs.Tab value="metadata">Metadata</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="info" className={classes.sidePanel}>
        <Stack gap="md">
          {record.description && <Text size="sm">{record.description}</Text>}
          <Facts
            facts={[
              { name: 'Technique', value: record.techniques.map(({ label }) => label).join(', ') },
              { name: 'Sample', value: record.sample },
              { name: 'Measured', value: record.start_time && <When at={record.start_time} exact /> },
              { name: 'Instrument', value: record.instrument },
              { name: 'Facility', value: record.facility },
              { name: 'Format', value: [record.format, ...record.definitions].filter(Boolean).join(', ') },
              { name: 'Size', value: bytes(record.size) },
              { name: 'Changed', value: <When at={record.created} exact /> },
              {
                name: 'File',
                value: (
                  <>
                    <code className={classes.place}>{record.pid}</code> <CopyIcon value={record.pid} label="Copy the file's address" />
                  </>
                ),
              },
            ]}
          />
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="metadata" className={classes.sidePanel}>
        <Metadata dataset={record} />
      </Tabs.Panel>
    </Tabs>
  );
}
