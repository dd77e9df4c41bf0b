import { Anchor, Button, Modal, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowsMaximize } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { historyQuery, provenanceQuery } from '@/api/queries';
import type { DatasetOut } from '@/api/types';
import { Loaded, SkeletonRows } from '@/components/states';
import { When } from '@/components/text';

import classes from './dataset.module.css';
import { ProvenanceGraph, ProvenanceText } from './ProvenanceGraph';
import { UndoEdit } from './UndoEdit';

/** Where it comes from, what was made of it, and everything that happened to it. */
export function History({ dataset }: { dataset: DatasetOut }) {
  const [large, enlarge] = useDisclosure(false);
  const provenance = useQuery(provenanceQuery(dataset.pid));
  const history = useQuery(historyQuery(dataset.pid));
  return (
    <Stack gap="lg">
      <section aria-label="Provenance">
        <Loaded query={provenance} skeleton={<SkeletonRows rows={3} />}>
          {(graph) =>
            graph.edges.length === 0 ? (
              <Text size="sm" c="dimmed">
                Nothing was made from this dataset yet, and it was made from nothing here.
              </Text>
            ) : (
              <>
                <ProvenanceGraph graph={graph} current={dataset.pid} />
                <Button variant="subtle" size="compact-xs" mt={4} leftSection={<IconArrowsMaximize size={13} />} onClick={enlarge.open}>
                  Enlarge
                </Button>
                <ProvenanceText graph={graph} />
                <Text size="xs" mt={4}>
                  For other programs:{' '}
                  <Anchor size="xs" href={`/api/v1/datasets/${dataset.pid}/ro-crate?format=zip`} download>
                    RO-Crate
                  </Anchor>
                  ,{' '}
                  <Anchor size="xs" href={`/api/v1/datasets/${dataset.pid}/prov`} download>
                    W3C PROV
                  </Anchor>
                </Text>
                <Modal opened={large} onClose={enlarge.close} title={`Provenance of ${dataset.title}`} size="90%">
                  <ProvenanceGraph graph={graph} current={dataset.pid} large />
                </Modal>
              </>
            )
          }
        </Loaded>
      </section>
      <section aria-label="Events">
        <Title order={2} size="h3" mb="xs">
          What happened
        </Title>
        <Loaded query={history} skeleton={<SkeletonRows rows={4} height={32} />}>
          {(entries) => (
            <ol className={classes.entries}>
              {entries.map((entry, index) => (
                <li key={`${entry.time}${String(index)}`} className={classes.entry}>
                  {entry.text}
                  <Text size="xs" c="dimmed">
                    {entry.actor && `${entry.actor}, `}
                    <When at={entry.time} exact />
                    {dataset.may_write && <UndoEdit pid={dataset.pid} entry={entry} />}
                  </Text>
                </li>
              ))}
            </ol>
          )}
        </Loaded>
      </section>
    </Stack>
  );
}
