/** Datasets in lists: as rows, as pictures, as one line. */
import { Checkbox, Group, Table, Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';

import type { ColumnValue, DatasetCard } from '@/api/types';
import { bytes, number, shape, unitText } from '@/format';

import classes from './datasets.module.css';
import { Link, LinkPlain } from './links';
import { ClosedNote, DatasetMarks, TechniqueChip } from './marks';
import { Dots, When } from './text';
import { Thumbnail } from './Thumbnail';

export interface Selection {
  has: (pid: string) => boolean;
  toggle: (pid: string) => void;
}

interface ListProps {
  datasets: readonly DatasetCard[];
  selection?: Selection | undefined;
  /** All are of one proposal, which is not repeated in every row. */
  oneProposal?: boolean;
  /** Parameters that stand as columns of their own. */
  columns?: readonly string[] | undefined;
}

export function DatasetRows({ datasets, selection, oneProposal = false, columns = [] }: ListProps) {
  return (
    <Table.ScrollContainer minWidth={420} type="native" className={classes.room}>
      <Table highlightOnHover className={classes.table}>
        <Table.Thead>
          <Table.Tr>
            {selection && <Table.Th w={36}><VisuallyHidden>Chosen</VisuallyHidden></Table.Th>}
            <Table.Th w={84}><VisuallyHidden>Picture</VisuallyHidden></Table.Th>
            <Table.Th>Dataset</Table.Th>
            <Table.Th className={classes.medium}>Sample</Table.Th>
            <Table.Th className={classes.wide}>{oneProposal ? 'Instrument' : 'Proposal'}</Table.Th>
            {columns.map((name) => (
              <Table.Th key={name} ta="right">{name.replaceAll('_', ' ')}</Table.Th>
            ))}
            {columns.length === 0 && <Table.Th ta="right" className={classes.wide}>Shape</Table.Th>}
            <Table.Th ta="right" className={classes.medium}>Size</Table.Th>
            <Table.Th>Measured</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {datasets.map((card) => (
            <Row key={card.pid} card={card} selection={selection} oneProposal={oneProposal} columns={columns} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

interface RowProps {
  card: DatasetCard;
  selection: Selection | undefined;
  oneProposal: boolean;
  columns: readonly string[];
}

function Row({ card, selection, oneProposal, columns }: RowProps) {
  return (
    <Table.Tr className={classes.row} data-selected={selection?.has(card.pid) || undefined}>
      {selection && (
        <Table.Td>
          <Choose card={card} selection={selection} />
        </Table.Td>
      )}
      <Table.Td>
        <Thumbnail card={card} width={68} height={44} />
      </Table.Td>
      <Table.Td className={classes.main}>
        <Group gap={6} wrap="wrap">
          <Link to="/datasets/$pid" params={{ pid: card.pid }} className={classes.stretched} fw={500} underline="never" c="inherit">
            {card.title}
          </Link>
          {card.techniques.map((technique) => (
            <TechniqueChip key={technique.iri} technique={technique} />
          ))}
          <DatasetMarks card={card} />
        </Group>
        {card.snippet && (
          <Text size="xs" c="dimmed" lineClamp={1}>
            {card.snippet}
          </Text>
        )}
      </Table.Td>
      <Table.Td className={classes.medium}>{card.sample ?? <Text span c="dimmed">–</Text>}</Table.Td>
      <Table.Td className={classes.wide}>
        <div className={classes.nowrap}>{oneProposal ? card.instrument : card.proposal}</div>
        {!oneProposal && (
          <Text size="xs" c="dimmed">
            {card.instrument}
          </Text>
        )}
      </Table.Td>
      {columns.map((name) => (
        <Table.Td key={name} ta="right" className={classes.number}>
          {columnText(card.values[name])}
        </Table.Td>
      ))}
      {columns.length === 0 && (
        <Table.Td ta="right" className={classes.number} data-wide>
          {shape(card.main_shape)}
        </Table.Td>
      )}
      <Table.Td ta="right" className={classes.number} data-medium>
        {bytes(card.size)}
      </Table.Td>
      <Table.Td>
        <When at={card.start_time ?? card.created} />
        <div>
          <ClosedNote card={card} />
        </div>
      </Table.Td>
    </Table.Tr>
  );
}

function columnText(value: ColumnValue | undefined): string {
  if (!value) return '–';
  return typeof value.value === 'number' ? `${number(value.value)} ${unitText(value.unit)}`.trim() : value.value;
}

function Choose({ card, selection }: { card: DatasetCard; selection: Selection }) {
  return (
    <Checkbox
      size="xs"
      className={classes.choose}
      aria-label={`Choose ${card.title}`}
      checked={selection.has(card.pid)}
      onChange={() => selection.toggle(card.pid)}
    />
  );
}

interface TilesProps extends Pick<ListProps, 'datasets' | 'selection'> {
  /** What stands above the title; the thumbnail where nothing else is given. */
  picture?: (card: DatasetCard, height: number) => ReactNode;
}

const PICTURE_HEIGHT = 150;

export function DatasetTiles({ datasets, selection, picture }: TilesProps) {
  return (
    <ul className={classes.tiles}>
      {datasets.map((card) => (
        <li key={card.pid} className={classes.tile} data-selected={selection?.has(card.pid) || undefined}>
          {selection && (
            <div className={classes.corner}>
              <Choose card={card} selection={selection} />
            </div>
          )}
          {picture ? picture(card, PICTURE_HEIGHT) : <Thumbnail card={card} width="100%" height={PICTURE_HEIGHT} />}
          <div className={classes.caption}>
            <Link to="/datasets/$pid" params={{ pid: card.pid }} className={classes.stretched} fw={500} underline="never" c="inherit" lineClamp={2}>
              {card.title}
            </Link>
            <Text size="xs" c="dimmed" component="div" lineClamp={1}>
              <Dots parts={[card.sample, card.proposal, <When key="t" at={card.start_time ?? card.created} />]} />
            </Text>
            <Group gap={4} mt={4}>
              {card.techniques.map((technique) => (
                <TechniqueChip key={technique.iri} technique={technique} />
              ))}
              <DatasetMarks card={card} />
              <ClosedNote card={card} />
            </Group>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** One line with a small picture: recent data, inputs, results. */
export function DatasetLine({ card, fresh = false }: { card: DatasetCard; fresh?: boolean }) {
  return (
    <LinkPlain to="/datasets/$pid" params={{ pid: card.pid }} className={classes.line}>
      <Thumbnail card={card} width={56} height={38} />
      <div className={classes.lineText}>
        <Text size="sm" fw={500} truncate>
          {fresh && <span className={classes.fresh} title="New since your last visit" aria-label="New: " role="img" />}
          {card.title}
        </Text>
        <Text size="xs" c="dimmed" truncate component="div">
          <Dots
            parts={[
              card.techniques[0]?.short,
              card.sample,
              card.instrument ?? card.proposal,
              <When key="t" at={card.kind === 'raw' ? (card.start_time ?? card.created) : card.created} />,
            ]}
          />
        </Text>
      </div>
    </LinkPlain>
  );
}
