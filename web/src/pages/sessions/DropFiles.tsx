import { Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState, type DragEvent, type ReactNode } from 'react';

import { fetchRaw } from '@/api/client';
import { plural } from '@/format';

import classes from './sessions.module.css';

interface DropFilesProps {
  /** Where the session is at the platform. */
  at: string;
  className: string;
  link: string;
  children: ReactNode;
}

/** Files that are dropped here come to lie in the session's results folder. */
export function DropFiles({ at, className, link, children }: DropFilesProps) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const items = [...event.dataTransfer.items].filter(({ kind }) => kind === 'file');
    const files = items.flatMap((item) => (item.webkitGetAsEntry()?.isDirectory ? [] : (item.getAsFile() ?? [])));
    if (files.length > 0) void bring(at, files);
    else if (items.length > 0) notifications.show({ color: 'yellow', message: 'Folders are not taken: drop the files in them.' });
  };
  return (
    <div
      className={className}
      data-link={link}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(event.dataTransfer.types.includes('Files'));
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={drop}
    >
      {children}
      {over && (
        <div className={classes.dropping}>
          <Text>Drop files to put them into the results folder</Text>
        </div>
      )}
    </div>
  );
}

/** One after the other, so that a slow line carries one file whole. */
async function bring(at: string, files: File[]): Promise<void> {
  const id = notifications.show({ loading: true, autoClose: false, message: `Bringing ${plural(files.length, 'file')} into the session …` });
  const names: string[] = [];
  try {
    for (const file of files) {
      const answer = await fetchRaw(`${at}/results/${encodeURIComponent(file.name)}`, { method: 'PUT', body: file, headers: { 'Content-Type': 'application/octet-stream' } });
      names.push(((await answer.json()) as { file: string }).file);
    }
    notifications.update({ id, loading: false, autoClose: 8000, color: 'green', message: `In the results folder now: ${names.join(', ')}` });
  } catch (error) {
    const [failed] = files.slice(names.length);
    const remedy = error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? ` ${error.remedy}` : '';
    notifications.update({ id, loading: false, autoClose: false, color: 'red', title: `“${failed?.name ?? ''}” was not brought into the session`, message: (error instanceof Error ? error.message : '') + remedy });
  }
}
