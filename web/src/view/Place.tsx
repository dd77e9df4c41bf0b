import { useQuery } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';

import { parentOf } from './address';
import { recordQuery, stateQuery, type ViewOut } from './data';
import { FilePage } from './FilePage';
import { FolderList } from './FolderList';
import { Refusal } from './Refusal';
import classes from './view.module.css';

/** A file with its viewer, or a folder with what lies in it: the server knows which of them an address names. */
export function Place({ view, place }: { view: ViewOut; place: string }) {
  const name = place.split('/').at(-1) || view.title;
  useEffect(() => {
    document.title = `${name} · PaN-DAaS view`;
  }, [name]);
  const state = useQuery({ ...stateQuery(place), enabled: place !== '' });
  if (place === '' || state.data?.kind === 'folder') return <FolderPage folder={place} name={name} />;
  const files = view.is_file ? null : <FolderList folder={parentOf(place)} open={place} narrow />;
  if (state.data) return <Named place={place} name={name} files={files} />;
  return <Waiting name={name} files={files} error={state.error} retry={() => void state.refetch()} />;
}

function Named({ place, name, files }: { place: string; name: string; files: ReactNode }) {
  const query = useQuery(recordQuery(place));
  if (query.data) return <FilePage record={query.data} name={name} files={files} />;
  return <Waiting name={name} files={files} error={query.error} retry={() => void query.refetch()} />;
}

interface WaitingProps {
  name: string;
  files: ReactNode;
  error: Error | null;
  retry: () => void;
}

/** A file that is being read or can't be: its folder stays at hand. */
function Waiting({ name, files, error, retry }: WaitingProps) {
  return (
    <div className={classes.beside}>
      {files && <div className={classes.aside}>{files}</div>}
      <div className={classes.rest}>
        <h1 className={classes.title}>
          <bdi>{name}</bdi>
        </h1>
        {error ? <Refusal error={error} retry={retry} /> : <p role="status">Reading …</p>}
      </div>
    </div>
  );
}

function FolderPage({ folder, name }: { folder: string; name: string }) {
  return (
    <div className={classes.folderPage}>
      <h1 className={classes.title}>
        <bdi>{name}</bdi>
      </h1>
      <FolderList folder={folder} />
    </div>
  );
}
