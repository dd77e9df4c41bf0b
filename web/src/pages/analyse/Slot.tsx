import { ActionIcon, Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useState, type DragEvent } from 'react';

import type { DatasetCard, OfferOut, SlotOut } from '@/api/types';
import { DatasetLine } from '@/components/datasets';
import { Link } from '@/components/links';

import classes from './analyse.module.css';
import { PickDataset } from './PickDataset';
import type { SlotItem } from './slots';

interface SlotProps {
  slot: SlotOut;
  items: readonly SlotItem[];
  suggestions: readonly DatasetCard[];
  /** Which dataset it should probably be, and why. */
  proposed: OfferOut['proposed'][string] | null;
  /** How many it takes; null is any number. */
  limit: number | null;
  fault: string | null;
  onChange: (items: SlotItem[]) => void;
}

/** A named input: what stands in it, and a way to put something else in; a dataset link may be dropped on it. */
export function Slot({ slot, items, suggestions, proposed, limit, fault, onChange }: SlotProps) {
  const [picking, pick] = useDisclosure(false);
  const [over, setOver] = useState(false);
  const candidate = items.length === 0 ? suggestions.find(({ pid }) => pid === proposed?.pid) : undefined;
  const room = limit === null || items.length < limit;
  const put = (item: SlotItem) => {
    if (items.some(({ pid }) => pid === item.pid)) return;
    onChange(limit === 1 ? [item] : [...items, item]);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const pid = /\/datasets\/([A-Za-z0-9._-]{1,64})/u.exec(event.dataTransfer.getData('text/uri-list'))?.[1];
    if (pid) put({ pid, title: event.dataTransfer.getData('text/plain') || pid });
  };
  return (
    <section
      className={classes.slot}
      data-missing={fault !== null || undefined}
      data-over={over || undefined}
      aria-label={`Input ${slot.title}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600}>
          {slot.title}
          {slot.minimum === 0 && (
            <Text span size="xs" c="dimmed" fw={400}>
              {' '}
              optional
            </Text>
          )}
        </Text>
        {(room || limit === 1) && (
          <Button variant="subtle" size="compact-xs" leftSection={items.length === 0 ? <IconPlus size={13} /> : undefined} onClick={pick.open} aria-label={`${items.length > 0 && limit === 1 ? 'Change' : 'Choose'} ${slot.title}`}>
            {items.length > 0 && limit === 1 ? 'Change' : 'Choose'}
          </Button>
        )}
      </Group>
      {items.length === 0 && (
        <Text size="xs" c="dimmed">
          {slot.help || slot.accepts}
          {suggestions.length > 0 && ` ${String(suggestions.length)} that fit.`}
        </Text>
      )}
      {candidate && (
        <Group gap={8} wrap="nowrap" justify="space-between" mt={4}>
          <Text size="xs">
            Proposed: {candidate.title}. {proposed?.reason}
          </Text>
          <Button variant="light" size="compact-xs" style={{ flex: 'none' }} aria-label={`Use ${candidate.title} as ${slot.title}`} onClick={() => put({ pid: candidate.pid, title: candidate.title, card: candidate })}>
            Use
          </Button>
        </Group>
      )}
      {items.map((item) => (
        <div key={item.pid} className={classes.chosen}>
          {item.card ? (
            <DatasetLine card={item.card} />
          ) : (
            <Link to="/datasets/$pid" params={{ pid: item.pid }} size="sm" p={6}>
              {item.title}
            </Link>
          )}
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Remove ${item.title} from ${slot.title}`} onClick={() => onChange(items.filter(({ pid }) => pid !== item.pid))}>
            <IconX size={14} />
          </ActionIcon>
        </div>
      ))}
      {items.some(({ pid }) => pid === proposed?.pid) && (
        <Text size="xs" c="dimmed">
          {proposed?.reason}
        </Text>
      )}
      {fault && (
        <Text size="xs" c="red" role="alert">
          {fault}
        </Text>
      )}
      <PickDataset
        opened={picking}
        onClose={pick.close}
        title={slot.title}
        accepts={slot.accepts}
        suggestions={suggestions}
        onPick={(card) => {
          put({ pid: card.pid, title: card.title, card });
          pick.close();
        }}
      />
    </section>
  );
}
