import { Group, Text } from '@mantine/core';

import type { ProposalOut } from '@/api/types';
import { plural } from '@/format';

import { Link } from './links';
import { OpenMark, TechniqueChip } from './marks';
import classes from './ProposalCard.module.css';
import { Dots, When } from './text';
import { Thumbnail } from './Thumbnail';

/** A beam time at a glance: picture of its last run, what, where, team, release date. */
export function ProposalCard({ proposal }: { proposal: ProposalOut }) {
  const { last_dataset: last, members, techniques } = proposal;
  const team = members.map(({ person }) => person.name);
  return (
    <article className={classes.card}>
      {last ? <Thumbnail card={last} width={84} height={84} /> : <div className={classes.blank} aria-hidden />}
      <div className={classes.text}>
        <Link to="/proposals/$name" params={{ name: proposal.name }} className={classes.stretched} fw={600} size="sm" c="inherit" underline="never" lineClamp={2}>
          {proposal.title}
        </Link>
        <Text size="xs" c="dimmed" component="div">
          <Dots parts={[proposal.name, proposal.instrument, plural(proposal.dataset_count, 'dataset'), last && <When key="t" at={last.start_time ?? last.created} />]} />
        </Text>
        {team.length > 0 && (
          <Text size="xs" c="dimmed" lineClamp={1} title={team.join(', ')}>
            {team.join(', ')}
          </Text>
        )}
        <Group gap={4} mt={6}>
          {techniques.slice(0, 3).map((technique) => (
            <TechniqueChip key={technique.iri} technique={technique} />
          ))}
          <OpenMark open={proposal.open} release={proposal.release_time ?? null} type={proposal.type} />
        </Group>
      </div>
    </article>
  );
}
