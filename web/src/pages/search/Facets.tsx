import { Accordion, Button, Checkbox, Skeleton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { Fragment, useState, type ReactNode } from 'react';

import type { FacetValue } from '@/api/types';
import type { SearchAddress } from '@/app/router';
import { count } from '@/format';

import classes from './search.module.css';

const FACETS = {
  technique: 'Technique',
  instrument: 'Instrument',
  proposal: 'Proposal',
  kind: 'Kind',
  year: 'Year',
  facility: 'Facility',
} as const;

export type FacetName = keyof typeof FACETS;

const KIND_WORDS: Record<string, string> = { raw: 'Measurements', derived: 'Results', calibration: 'Calibrations', mask: 'Masks' };

const SHORT = 8;

interface FacetsProps {
  found: Record<string, FacetValue[]> | undefined;
  /** The tree, in place of the flat list of techniques. */
  techniques?: ReactNode;
  /** Ranges and calendar, which are asked for once the hits are there. */
  children?: ReactNode;
  address: SearchAddress;
  hidden: readonly FacetName[];
  onChange: (change: Partial<SearchAddress>) => void;
}

export function Facets(props: FacetsProps) {
  const narrow = useMediaQuery('(max-width: 980px)', false, { getInitialValueInEffect: false });
  if (!narrow) return <FacetList {...props} />;
  const active = (Object.keys(FACETS) as FacetName[]).filter((name) => !props.hidden.includes(name) && props.address[name]).length;
  return (
    <Accordion variant="contained" mb="sm">
      <Accordion.Item value="facets">
        <Accordion.Control>Narrow down{active > 0 ? ` (${String(active)} in force)` : ''}</Accordion.Control>
        <Accordion.Panel>
          <FacetList {...props} />
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function FacetList({ found, address, hidden, onChange, techniques, children }: FacetsProps) {
  if (!found) return <Skeleton height={260} />;
  return (
    <>
      {(Object.keys(FACETS) as FacetName[])
        .filter((name) => !hidden.includes(name) && (found[name] ?? []).length > 0)
        .map((name) =>
          name === 'technique' && techniques ? (
            <Fragment key={name}>{techniques}</Fragment>
          ) : (
          <Facet
            key={name}
            title={FACETS[name]}
            values={found[name] ?? []}
            chosen={address[name] ?? []}
            words={name === 'kind' ? KIND_WORDS : {}}
            onChange={(values) => onChange({ [name]: values.length > 0 ? values : undefined })}
          />
          ),
        )}
      {children}
    </>
  );
}

interface FacetProps {
  title: string;
  values: FacetValue[];
  chosen: readonly string[];
  words: Record<string, string>;
  onChange: (values: string[]) => void;
}

function Facet({ title, values, chosen, words, onChange }: FacetProps) {
  const [all, setAll] = useState(false);
  const shown = all ? values : values.slice(0, SHORT);
  return (
    <fieldset className={classes.facet}>
      <legend>{title}</legend>
      {shown.map(({ value, label, count: n }) => {
        const on = chosen.includes(value);
        return (
          <label key={value} className={classes.value} data-zero={(n === 0 && !on) || undefined}>
            <Checkbox
              size="xs"
              checked={on}
              onChange={() => onChange(on ? chosen.filter((item) => item !== value) : [...chosen, value])}
            />
            <span className={classes.label} title={words[value] ?? label}>
              {words[value] ?? label}
            </span>
            <span className={classes.count}>{count(n)}</span>
          </label>
        );
      })}
      {values.length > SHORT && (
        <Button variant="subtle" size="compact-xs" onClick={() => setAll(!all)}>
          {all ? 'Fewer' : `${String(values.length - SHORT)} more`}
        </Button>
      )}
    </fieldset>
  );
}
