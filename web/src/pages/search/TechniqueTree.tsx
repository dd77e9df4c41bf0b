import { ActionIcon, Checkbox, Skeleton } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { techniqueTreeQuery, type HitsQuery } from '@/api/queries';
import type { Branch } from '@/api/types';
import { count } from '@/format';

import { isBelow, openAtFirst } from './branches';
import classes from './search.module.css';

interface TechniqueTreeProps {
  hits: HitsQuery;
  chosen: readonly string[];
  onChange: (values: string[]) => void;
}

/** Techniques from broad to narrow, each with the hits of its whole branch; choosing one takes what is narrower along. */
export function TechniqueTree({ hits, chosen, onChange }: TechniqueTreeProps) {
  const { data } = useQuery(techniqueTreeQuery(hits));
  if (!data) return <Skeleton height={120} mb="md" />;
  if (data.length === 0) return null;
  return (
    <fieldset className={classes.facet}>
      <legend>Technique</legend>
      <ul className={classes.tree}>
        {data.map((branch) => (
          <Node key={branch.iri} branch={branch} lone={data.length === 1} above={false} chosen={chosen} onChange={onChange} />
        ))}
      </ul>
    </fieldset>
  );
}

interface NodeProps {
  branch: Branch;
  /** It has no siblings, so it is opened: there is nothing to choose between. */
  lone: boolean;
  /** A broader term is chosen. */
  above: boolean;
  chosen: readonly string[];
  onChange: (values: string[]) => void;
}

function Node({ branch, lone, above, chosen, onChange }: NodeProps) {
  const [turned, turn] = useState<boolean>();
  const { iri, label, children } = branch;
  const on = chosen.includes(iri);
  const open = turned ?? (lone || openAtFirst(branch, chosen));
  return (
    <li>
      <div className={classes.branch}>
        {children.length > 0 ? (
          <ActionIcon variant="subtle" color="gray" size="xs" aria-expanded={open} aria-label={`${open ? 'Close' : 'Open'} ${label}`} onClick={() => turn(!open)}>
            {open ? <IconChevronDown size={13} /> : <IconChevronRight size={13} />}
          </ActionIcon>
        ) : (
          <span className={classes.noBranch} />
        )}
        <label className={classes.value}>
          <Checkbox
            size="xs"
            checked={on || above}
            disabled={above}
            indeterminate={!on && !above && children.some((child) => isBelow(child, chosen))}
            onChange={() => onChange(on ? chosen.filter((one) => one !== iri) : [...chosen, iri])}
          />
          <span className={classes.label} title={label}>
            {label}
          </span>
          <span className={classes.count}>{count(branch.count)}</span>
        </label>
      </div>
      {open && children.length > 0 && (
        <ul className={classes.tree}>
          {children.map((child) => (
            <Node key={child.iri} branch={child} lone={children.length === 1} above={above || on} chosen={chosen} onChange={onChange} />
          ))}
        </ul>
      )}
    </li>
  );
}
