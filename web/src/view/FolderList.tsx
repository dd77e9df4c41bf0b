import { ActionIcon, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowUp, IconFile, IconFileOff, IconFilter, IconFolder, IconSortAscendingLetters, IconSortDescending2 } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';

import { When } from '@/components/text';
import { bytes, plural } from '@/format';

import { hrefOf, parentOf } from './address';
import { A } from './Anchor';
import { folderQuery, type EntryOut, type Order } from './data';
import classes from './view.module.css';

interface FolderListProps {
  folder: string;
  /** The file that is open. */
  open?: string;
  /** Beside an open file there is no room for sizes and times. */
  narrow?: boolean;
}

/** What was last typed for a folder, and the order for all: kept when the list is drawn anew beside a file. */
const kept = { folder: '', words: '', order: 'name' as Order };
/** The entry that was last followed: it has the keyboard focus again when the list is drawn anew. */
let followed = '';

/** What lies in a folder: filter, order, and links to files and folders. */
export function FolderList({ folder, open, narrow = false }: FolderListProps) {
  const [words, setWords] = useState(kept.folder === folder ? kept.words : '');
  const [order, setOrder] = useState<Order>(kept.order);
  useEffect(() => {
    Object.assign(kept, { folder, words, order });
  }, [folder, words, order]);
  const [wanted] = useDebouncedValue(words.trim(), 150);
  const query = useInfiniteQuery({ ...folderQuery(folder, wanted, order), placeholderData: keepPreviousData });
  const pages = query.data?.pages ?? [];
  const entries = pages.flatMap((page) => page.entries);
  const last = pages.at(-1);
  const left = (last?.total ?? 0) - entries.length;
  const newest = order === 'newest';
  const list = useRef<HTMLUListElement>(null);
  const ready = last !== undefined;
  useEffect(() => {
    const link = ready ? list.current?.querySelector<HTMLElement>('a[aria-current]') : null;
    if (!link) return;
    link.scrollIntoView({ block: 'nearest' });
    if (followed === open && document.activeElement === document.body) link.focus({ preventScroll: true });
  }, [ready, open]);
  return (
    <section className={classes.folder} aria-label="Files" data-narrow={narrow || undefined}>
      <div className={classes.tools}>
        {folder !== '' && (
          <Tooltip label="To the folder above">
            <ActionIcon component={A} href={hrefOf(parentOf(folder))} variant="subtle" color="gray" aria-label="To the folder above">
              <IconArrowUp size={16} />
            </ActionIcon>
          </Tooltip>
        )}
        <TextInput
          size="xs"
          className={classes.filter}
          aria-label="Filter the files"
          placeholder="Filter files"
          leftSection={<IconFilter size={14} />}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setWords('');
          }}
        />
        <Tooltip label={newest ? 'Newest first; press for names' : 'By name; press for newest first'}>
          <ActionIcon variant="subtle" color="gray" aria-label="Newest first" aria-pressed={newest} onClick={() => setOrder(newest ? 'name' : 'newest')}>
            {newest ? <IconSortDescending2 size={16} /> : <IconSortAscendingLetters size={16} />}
          </ActionIcon>
        </Tooltip>
      </div>
      <div className={classes.list}>
        {query.error && <p role="alert">{query.error.message}</p>}
        {query.isPending && <p role="status">Reading …</p>}
        {last && entries.length === 0 && <p>{wanted ? 'No name here has this in it.' : 'This folder is empty.'}</p>}
        <ul aria-label="Entries" ref={list}>
          {entries.map((entry) => (
            <li key={entry.address}>
              <Line entry={entry} open={entry.address === open} />
            </li>
          ))}
        </ul>
        {left > 0 && (
          <button type="button" className={classes.more} disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {String(left)} more
          </button>
        )}
        {last && last.hidden > 0 && <p>{plural(last.hidden, 'hidden entry', 'hidden entries')} not shown.</p>}
      </div>
    </section>
  );
}

function Line({ entry, open }: { entry: EntryOut; open: boolean }) {
  const Icon = entry.problem ? IconFileOff : entry.kind === 'folder' ? IconFolder : IconFile;
  const content = (
    <>
      <Icon size={15} stroke={1.6} className={classes.icon} aria-hidden />
      <bdi className={classes.name}>{entry.name}</bdi>
      {entry.problem ? (
        <span className={classes.problem}>{entry.problem}</span>
      ) : (
        <>
          <span className={classes.time}>{entry.modified && <When at={entry.modified} exact />}</span>
          <span className={classes.size}>{entry.kind === 'file' && entry.size !== null ? bytes(entry.size) : ''}</span>
        </>
      )}
    </>
  );
  if (entry.problem) {
    return (
      <span className={classes.line} data-broken title={`${entry.name} ${entry.problem}`}>
        {content}
      </span>
    );
  }
  return (
    <A className={classes.line} href={hrefOf(entry.address)} data-open={open || undefined} aria-current={open ? 'page' : undefined} title={entry.name} onKeyDown={moveInList} onFocus={() => (followed = entry.address)}>
      {content}
    </A>
  );
}

/** Up, down, Home and End go from link to link. */
function moveInList(event: KeyboardEvent<HTMLElement>): void {
  const links = [...(event.currentTarget.closest('ul')?.querySelectorAll<HTMLElement>('a') ?? [])];
  const here = links.indexOf(event.currentTarget);
  const target = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: links.length - 1 }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  links[Math.min(Math.max(target, 0), links.length - 1)]?.focus();
}
