import { Button, Input } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';

import type { DatasetCard } from '@/api/types';
import { PickDataset } from '@/pages/analyse/PickDataset';

interface ChosenInputProps {
  title: string;
  chosen: DatasetCard | undefined;
  onChoose: (card: DatasetCard) => void;
}

/** One input of a chain: the dataset chosen for it, found by search. */
export function ChosenInput({ title, chosen, onChoose }: ChosenInputProps) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <Input.Wrapper label={title} labelElement="div" labelProps={{ style: { display: 'block' } }}>
      <Button variant="default" justify="start" fw={400} maw={360} leftSection={<IconSearch size={16} />} aria-label={`${title}: ${chosen ? chosen.title : 'choose a dataset'}`} onClick={open}>
        {chosen ? chosen.title : 'Choose a dataset'}
      </Button>
      <PickDataset
        opened={opened}
        onClose={close}
        title={title}
        accepts=""
        suggestions={[]}
        onPick={(card) => {
          onChoose(card);
          close();
        }}
      />
    </Input.Wrapper>
  );
}
