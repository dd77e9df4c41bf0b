import { Button, FileButton, Group, Loader, SegmentedControl, Stack, Text, Textarea } from '@mantine/core';
import { IconPhoto } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { lazy, Suspense, useRef, useState, type ClipboardEvent, type DragEvent } from 'react';

import { ActionFailure } from '@/components/states';

import { inserted, pictureOf } from './insert';
import classes from './logbook.module.css';
import { sendImage } from './queries';

const Markdown = lazy(() => import('@/components/Markdown'));
const PICTURES = 'image/png,image/jpeg,image/gif,image/webp';

interface ComposerProps {
  proposal: string;
  label: string;
  initial?: string;
  action: string;
  save: (text: string) => Promise<unknown>;
  /** Given when writing can be given up. */
  onCancel?: () => void;
}

/** A text with pictures: typed, pasted, dropped or picked; looked at before it is saved. */
export function Composer({ proposal, label, initial = '', action, save, onCancel }: ComposerProps) {
  const [text, setText] = useState(initial);
  const [view, setView] = useState<'write' | 'preview'>('write');
  const area = useRef<HTMLTextAreaElement>(null);
  const saving = useMutation({
    mutationFn: () => save(text),
    onSuccess: () => {
      setText('');
      setView('write');
    },
  });
  const sending = useMutation({
    mutationFn: async (images: readonly File[]) => {
      for (const image of images) put(pictureOf(image.name, await sendImage(proposal, image)));
    },
  });

  function put(piece: string) {
    setText((now) => {
      const field = area.current;
      const [start, end] = field ? [field.selectionStart, field.selectionEnd] : [now.length, now.length];
      return inserted(now, piece, start, end).text;
    });
  }

  function take(event: ClipboardEvent | DragEvent, files: FileList | undefined) {
    const images = [...(files ?? [])].filter(({ type }) => type.startsWith('image/'));
    if (images.length === 0) return;
    event.preventDefault();
    sending.mutate(images);
  }

  const submit = () => {
    if (text.trim() && !saving.isPending) saving.mutate();
  };
  return (
    <form
      className={classes.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="xs">
        {view === 'write' ? (
          <Textarea
            ref={area}
            aria-label={label}
            placeholder={`${label} … Markdown; paste or drop pictures.`}
            autosize
            minRows={3}
            maxRows={24}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onPaste={(event) => take(event, event.clipboardData.files)}
            onDrop={(event) => take(event, event.dataTransfer.files)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
            }}
          />
        ) : (
          <div className={classes.preview} aria-label="Preview" role="region">
            <Suspense fallback={<Loader size="sm" />}>
              {text.trim() ? <Markdown text={text} inside /> : <Text size="sm" c="dimmed">Nothing to show yet.</Text>}
            </Suspense>
          </div>
        )}
        <ActionFailure error={sending.error ?? saving.error} />
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <SegmentedControl
              size="xs"
              aria-label="Write or preview"
              value={view}
              onChange={(value) => setView(value === 'preview' ? 'preview' : 'write')}
              data={[
                { value: 'write', label: 'Write' },
                { value: 'preview', label: 'Preview' },
              ]}
            />
            <FileButton multiple accept={PICTURES} onChange={(files) => files.length > 0 && sending.mutate(files)}>
              {(props) => (
                <Button {...props} variant="subtle" size="compact-sm" leftSection={<IconPhoto size={15} />} loading={sending.isPending}>
                  Picture
                </Button>
              )}
            </FileButton>
          </Group>
          <Group gap="xs">
            {onCancel && (
              <Button variant="default" size="xs" onClick={onCancel}>
                Cancel
              </Button>
            )}
            <Button type="submit" size="xs" loading={saving.isPending} disabled={!text.trim() || text === initial}>
              {action}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
