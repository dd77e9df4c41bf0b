import { Modal, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { searchQuery } from '@/api/queries';
import type { DatasetCard } from '@/api/types';
import { Loaded, SkeletonRows } from '@/components/states';
import { Dots, When } from '@/components/text';
import { Thumbnail } from '@/components/Thumbnail';
import { shape } from '@/format';

import classes from './pick.module.css';

interface PickProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  accepts: string;
  suggestions: readonly DatasetCard[];
  onPick: (card: DatasetCard) => void;
}

/** What fits first; everything else by search. */
export function PickDataset({ opened, onClose, title, ...rest }: PickProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Choose: ${title}`} size="lg">
      <Contents {...rest} />
    </Modal>
  );
}

function Contents({ accepts, suggestions, onPick }: Pick<PickProps, 'accepts' | 'suggestions' | 'onPick'>) {
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 200);
  const searching = q !== '' || suggestions.length === 0;
  const found = useQuery({ ...searchQuery({ q, limit: 20, sort: q ? 'relevance' : 'newest' }), enabled: searching });
  return (
    <Stack gap="xs">
      <TextInput
        data-autofocus
        aria-label="Search all data"
        placeholder="Search all data"
        description={accepts && `Takes ${accepts}.`}
        leftSection={<IconSearch size={16} />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className={classes.list}>
        {searching ? (
          <Loaded query={found} skeleton={<SkeletonRows rows={5} />}>
            {({ results }) => (results.length > 0 ? <Choices cards={results} onPick={onPick} /> : <Text size="sm" c="dimmed">Nothing matches. Use fewer or shorter words.</Text>)}
          </Loaded>
        ) : (
          <>
            <Text size="xs" c="dimmed" mb={4}>
              These fit:
            </Text>
            <Choices cards={suggestions} onPick={onPick} />
          </>
        )}
      </div>
    </Stack>
  );
}

function Choices({ cards, onPick }: { cards: readonly DatasetCard[]; onPick: (card: DatasetCard) => void }) {
  return (
    <>
      {cards.map((card) => (
        <UnstyledButton key={card.pid} className={classes.choice} onClick={() => onPick(card)}>
          <Thumbnail card={card} width={56} height={38} />
          <div style={{ minWidth: 0 }}>
            <Text size="sm" fw={500} truncate>
              {card.title}
            </Text>
            <Text size="xs" c="dimmed" component="div" truncate>
              <Dots parts={[card.sample, card.proposal, shape(card.main_shape), <When key="t" at={card.start_time ?? card.created} />]} />
            </Text>
          </div>
        </UnstyledButton>
      ))}
    </>
  );
}
