import { ActionIcon, Button, Group, RangeSlider, Skeleton, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { histogramsQuery, type HitsQuery } from '@/api/queries';
import type { HistogramOut, UnderstoodTerm } from '@/api/types';
import { count, number, unitText } from '@/format';

import classes from './search.module.css';
import { rangeTerm, withTerm } from './terms';

const SHORT = 3;
const STEPS = 200;

interface RangesProps {
  hits: HitsQuery;
  understood: readonly UnderstoodTerm[];
  onQuery: (q: string) => void;
}

/** The numbers that matter for the hits, each with its histogram and a slider. */
export function Ranges({ hits, understood, onQuery }: RangesProps) {
  const { data } = useQuery(histogramsQuery(hits));
  const [all, setAll] = useState(false);
  if (!data) return <Skeleton height={120} mb="md" />;
  const differing = data.filter((one) => one.counts.length > 1);
  const shown = all ? differing : differing.slice(0, Math.max(SHORT, differing.filter(inForce).length));
  return (
    <>
      {shown.map((one) => (
        <Range
          key={`${one.name} ${String(one.low)} ${String(one.high)} ${one.edges.join()}`}
          histogram={one}
          onRange={(low, high) => onQuery(withTerm(hits.q ?? '', understood, one.name, rangeTerm(one.name, low, high, one.unit)))}
        />
      ))}
      {differing.length > shown.length && (
        <Button variant="subtle" size="compact-xs" mb="md" onClick={() => setAll(true)}>
          {String(differing.length - shown.length)} more numbers
        </Button>
      )}
    </>
  );
}

interface RangeProps {
  histogram: HistogramOut;
  onRange: (low: number | null, high: number | null) => void;
}

function Range({ histogram, onRange }: RangeProps) {
  const { name, unit, edges, counts, log, datasets } = histogram;
  const least = edges[0] ?? 0;
  const most = edges[edges.length - 1] ?? 1;
  const place = (value: number) => Math.round((STEPS * (on(value, log) - on(least, log))) / (on(most, log) - on(least, log)));
  const valueAt = (step: number) => off(on(least, log) + (step / STEPS) * (on(most, log) - on(least, log)), log);
  const [chosen, choose] = useState<[number, number]>([clamp(place(histogram.low ?? least)), clamp(place(histogram.high ?? most))]);
  const [low, high] = [chosen[0] === 0 ? least : valueAt(chosen[0]), chosen[1] === STEPS ? most : valueAt(chosen[1])];
  const told = `${number(low)} – ${number(high)} ${unitText(unit)}`.trim();
  return (
    <fieldset className={classes.facet}>
      <legend>
        <Group justify="space-between" gap={4} wrap="nowrap">
          <span className={classes.label} title={name}>{words(name)}</span>
          {inForce(histogram) && (
            <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`Any ${words(name)}`} onClick={() => onRange(null, null)}>
              <IconX size={12} />
            </ActionIcon>
          )}
        </Group>
      </legend>
      <Bars counts={counts} from={(chosen[0] / STEPS) * counts.length} to={(chosen[1] / STEPS) * counts.length} />
      <RangeSlider
        size="xs"
        thumbSize={14}
        min={0}
        max={STEPS}
        minRange={0}
        label={null}
        value={chosen}
        onChange={choose}
        onChangeEnd={([from, to]) => onRange(from === 0 ? null : valueAt(from), to === STEPS ? null : valueAt(to))}
        thumbFromLabel={`${words(name)} from`}
        thumbToLabel={`${words(name)} to`}
        thumbProps={(index) => ({ 'aria-valuetext': `${number(index === 0 ? low : high)} ${unitText(unit)}` })}
      />
      <Group justify="space-between" gap={4} mt={2} wrap="nowrap">
        <Text size="xs">{told}</Text>
        <span className={classes.count} title={`${count(datasets)} of the hits have this number`}>{count(datasets)}</span>
      </Group>
    </fieldset>
  );
}

function Bars({ counts, from, to }: { counts: readonly number[]; from: number; to: number }) {
  const most = Math.max(...counts, 1);
  return (
    <svg className={classes.bars} viewBox={`0 0 ${String(counts.length)} 1`} preserveAspectRatio="none" aria-hidden>
      {counts.map((value, index) => (
        <rect
          key={index}
          x={index + 0.08}
          width={0.84}
          y={1 - height(value, most)}
          height={height(value, most)}
          data-in={(index + 1 > from && index < to) || from === to || undefined}
        />
      ))}
    </svg>
  );
}

/** Small bins stay visible beside large ones. */
function height(value: number, most: number): number {
  return value === 0 ? 0 : 0.08 + 0.92 * Math.sqrt(value / most);
}

function inForce({ low, high }: HistogramOut): boolean {
  return low !== null || high !== null;
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function on(value: number, log: boolean): number {
  return log ? Math.log(value) : value;
}

function off(value: number, log: boolean): number {
  return log ? Math.exp(value) : value;
}

function clamp(step: number): number {
  return Number.isFinite(step) ? Math.min(Math.max(step, 0), STEPS) : 0;
}
