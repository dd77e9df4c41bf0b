import { Alert, Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconAlertTriangle, IconCloudOff, IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { ApiError } from '@/api/errors';
import type { DatasetOut } from '@/api/types';
import { Dots, When } from '@/components/text';
import { bytes, plural, shape } from '@/format';
import { Contents } from '@/pages/dataset/Contents';
import { Panes } from '@/pages/dataset/Panes';
import { ViewerPane } from '@/pages/dataset/ViewerPane';

import { change, go, hrefOf, useAddress } from './address';
import { stateQuery } from './data';
import { FileSide } from './FileSide';
import classes from './view.module.css';

interface FilePageProps {
  record: DatasetOut;
  name: string;
  /** The list of the folder it lies in, unless it is the only file. */
  files: ReactNode;
}

/** One file: its folder and contents at the left, the viewer, and what it says of itself. */
export function FilePage({ record, name, files }: FilePageProps) {
  const address = useAddress();
  const path = address.path ?? firstPath(record);
  const wide = useMediaQuery('(min-width: 1000px)', true, { getInitialValueInEffect: false });
  const open = (next: string) => go(hrefOf(record.pid, next));
  return (
    <div className={classes.file}>
      <div className={classes.head}>
        <h1 className={classes.title}>
          <bdi>{record.title}</bdi>
        </h1>
        <div className={classes.summary}>
          <Dots
            parts={[
              record.title !== name && <bdi>{name}</bdi>,
              record.sample,
              record.start_time && <When at={record.start_time} exact />,
              record.main_shape && shape(record.main_shape),
              bytes(record.size),
              record.file_count > 1 && plural(record.file_count, 'file'),
            ]}
          />
        </div>
        <Changed record={record} />
        <Unread record={record} />
      </div>
      <Panes
        wide={wide}
        contents={
          <div className={classes.left}>
            {files}
            <Contents dataset={record} path={path} onOpen={open} />
          </div>
        }
        viewer={<ViewerPane dataset={record} path={path} params={address.params} onPathChange={open} onParamsChange={change} />}
        side={<FileSide record={record} />}
      />
    </div>
  );
}

/** What is shown first: the default plot's signal, else the first array, else the entry. */
function firstPath(record: DatasetOut): string {
  const array = record.arrays.find(({ is_default: chosen }) => chosen);
  return record.plot?.signal ?? array?.path ?? record.arrays[0]?.path ?? record.entry_path;
}

/** Numbers that were read stay as they are until the reader asks for the new ones. */
function Changed({ record }: { record: DatasetOut }) {
  const { data, error } = useQuery(stateQuery(record.pid));
  if (error instanceof ApiError && (error.status === 0 || error.status === 401)) {
    return (
      <Alert color="orange" variant="light" icon={<IconCloudOff size={18} />} mt={6} py={6} role="status">
        {error.status === 0 ? 'pandaas view has stopped. Start it again in the terminal, and' : 'pandaas view was started anew:'} open the address
        that it prints.
      </Alert>
    );
  }
  if (data === undefined || data.version === record.version) return null;
  return (
    <Alert color="blue" variant="light" mt={6} py={6} role="status">
      This file has changed on disk since it was opened.{' '}
      <Button size="compact-xs" variant="default" leftSection={<IconRefresh size={14} />} onClick={() => window.location.reload()}>
        Show it as it is now
      </Button>
    </Alert>
  );
}

function Unread({ record }: { record: DatasetOut }) {
  if (record.unread.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} mt={6} py={6} title="Not everything could be read">
      {record.unread.slice(0, 3).map((text) => (
        <div key={text}>{text}</div>
      ))}
      {record.unread.length > 3 && <div>and {plural(record.unread.length - 3, 'more part')}</div>}
    </Alert>
  );
}
