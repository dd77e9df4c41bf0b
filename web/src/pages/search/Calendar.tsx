import { ActionIcon, Group, Skeleton, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type CSSProperties } from 'react';

import { calendarQuery, type HitsQuery } from '@/api/queries';
import type { UnderstoodTerm } from '@/api/types';
import { plural } from '@/format';

import { daysOf, iso, monthsOf } from './days';
import classes from './search.module.css';
import { dateOf, withTerm } from './terms';

interface CalendarProps {
  hits: HitsQuery;
  understood: readonly UnderstoodTerm[];
  onQuery: (q: string) => void;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** When the hits were measured: months of a year, days of a month, each with its count to click. */
export function Calendar({ hits, understood, onQuery }: CalendarProps) {
  const asked = dateOf(understood);
  const [turned, turn] = useState<number>();
  const wanted = turned ?? (asked ? Number(asked.slice(0, 4)) || undefined : undefined);
  const { data } = useQuery(calendarQuery(hits, wanted));
  if (!data) return <Skeleton height={120} mb="md" />;
  const years = Object.keys(data.years).map(Number);
  if (data.year === null || years.length === 0) return null;
  const year = data.year;
  const month = asked?.startsWith(`${String(year)}-`) ? Number(asked.slice(5, 7)) : undefined;
  const before = Math.max(...years.filter((one) => one < year));
  const after = Math.min(...years.filter((one) => one > year));
  const click = (date: string) => onQuery(withTerm(hits.q ?? '', understood, 'date', asked === date ? undefined : `date:${date}`));
  return (
    <fieldset className={classes.facet}>
      <legend>Measured</legend>
      <Group justify="space-between" gap={4} wrap="nowrap" mb={2}>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Earlier year" disabled={!Number.isFinite(before)} onClick={() => turn(before)}>
          <IconChevronLeft size={14} />
        </ActionIcon>
        <button type="button" className={classes.year} aria-pressed={asked === String(year)} onClick={() => click(String(year))}>
          {year} <span className={classes.count}>{plural(data.years[String(year)] ?? 0, 'dataset')}</span>
        </button>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Later year" disabled={!Number.isFinite(after)} onClick={() => turn(after)}>
          <IconChevronRight size={14} />
        </ActionIcon>
      </Group>
      <Cells
        columns={6}
        cells={monthsOf(data.days).map((number, index) => ({ label: MONTHS[index] ?? '', date: `${String(year)}-${two(index + 1)}`, number }))}
        asked={asked}
        onClick={click}
      />
      {month !== undefined && (
        <>
          <Text size="xs" c="dimmed" mt={6} mb={2}>
            Days of {MONTHS[month - 1]}
          </Text>
          <Cells
            columns={7}
            cells={daysOf(year, month).map((day) => (day === null ? null : { label: String(day), date: iso(year, month, day), number: data.days[iso(year, month, day)] ?? 0 }))}
            asked={asked}
            onClick={click}
          />
        </>
      )}
    </fieldset>
  );
}

interface Cell {
  label: string;
  date: string;
  number: number;
}

interface CellsProps {
  columns: number;
  cells: readonly (Cell | null)[];
  asked: string | undefined;
  onClick: (date: string) => void;
}

function Cells({ columns, cells, asked, onClick }: CellsProps) {
  const most = Math.max(...cells.map((cell) => cell?.number ?? 0), 1);
  return (
    <div className={classes.cells} style={{ gridTemplateColumns: `repeat(${String(columns)}, 1fr)` }}>
      {cells.map((cell, index) =>
        cell === null ? (
          <span key={`gap ${String(index)}`} />
        ) : (
          <button
            key={cell.date}
            type="button"
            disabled={cell.number === 0 && asked !== cell.date}
            aria-pressed={asked === cell.date}
            aria-label={`${cell.label} (${cell.date}): ${plural(cell.number, 'dataset')}`}
            title={plural(cell.number, 'dataset')}
            style={shade(cell.number / most)}
            onClick={() => onClick(cell.date)}
          >
            {cell.label}
          </button>
        ),
      )}
    </div>
  );
}

function shade(share: number): CSSProperties {
  return { '--share': `${String(share === 0 ? 0 : Math.round(12 + 48 * Math.sqrt(share)))}%` } as CSSProperties;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
