import { ActionIcon, Button, FileButton, Group, Text } from '@mantine/core';
import { IconCamera, IconPhoto, IconX } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';

import { ActionFailure } from '@/components/states';

import classes from './help.module.css';
import { MOST_PICTURES, prepared, type Picture } from './picture';

interface PicturesProps {
  pictures: readonly Picture[];
  onChange: (pictures: Picture[]) => void;
  /** Takes a picture of what the person sees; missing where that can't be done. */
  capture?: (() => Promise<Picture>) | undefined;
}

/** Pictures that go with a text: taken, picked, dropped or pasted anywhere on the page; each can be taken out again. */
export function Pictures({ pictures, onChange, capture }: PicturesProps) {
  const add = useMutation({
    mutationFn: async (make: () => Promise<Picture[]>) => {
      if (pictures.length >= MOST_PICTURES) throw new Error(`At most ${String(MOST_PICTURES)} pictures go with a message. Take one out first.`);
      onChange([...pictures, ...(await make())].slice(0, MOST_PICTURES));
    },
  });
  const { mutate } = add;
  const take = (files: readonly File[]) => mutate(() => Promise.all(files.map((file) => prepared(file.name, file))));
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])].filter(({ type }) => type.startsWith('image/'));
      if (files.length === 0) return;
      event.preventDefault();
      mutate(() => Promise.all(files.map((file) => prepared(file.name, file))));
    };
    window.addEventListener('paste', paste);
    return () => window.removeEventListener('paste', paste);
  }, [mutate]);
  return (
    <div
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        take([...event.dataTransfer.files]);
      }}
    >
      <Group gap="xs">
        {capture && (
          <Button size="compact-sm" variant="default" leftSection={<IconCamera size={15} />} loading={add.isPending} onClick={() => mutate(async () => [await capture()])}>
            Take a picture of the screen
          </Button>
        )}
        <FileButton multiple accept="image/png,image/jpeg" onChange={take}>
          {(props) => (
            <Button {...props} size="compact-sm" variant="default" leftSection={<IconPhoto size={15} />} loading={add.isPending}>
              Add a picture
            </Button>
          )}
        </FileButton>
        <Text size="xs" c="dimmed">
          or paste or drop one: PNG or JPEG
        </Text>
      </Group>
      <ActionFailure error={add.error} />
      {pictures.length > 0 && (
        <ul className={classes.pictures} aria-label="Pictures that are sent">
          {pictures.map((picture) => (
            <li key={picture.address}>
              <img src={picture.address} alt={picture.name} />
              <ActionIcon size="sm" variant="default" aria-label={`Take out ${picture.name}`} onClick={() => onChange(pictures.filter((one) => one !== picture))}>
                <IconX size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
