/** States as a word with an icon: colour alone never carries meaning. */
import { Badge, Text, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle, IconAtom2, IconBan, IconCheck, IconCircleDashed, IconClockPause, IconFileOff, IconLock, IconLockOpen,
  IconPlayerPlay, IconQuestionMark, IconX,
} from '@tabler/icons-react';
import type { Icon } from '@tabler/icons-react';

import type { DatasetCard, JobState, TechniqueOut } from '@/api/types';
import { date } from '@/format';

interface Look {
  color: string;
  icon: Icon;
  word: string;
}

export const JOB_LOOKS: Record<JobState, Look> = {
  requested: { color: 'gray', icon: IconCircleDashed, word: 'Requested' },
  queued: { color: 'gray', icon: IconClockPause, word: 'Waiting' },
  running: { color: 'blue', icon: IconPlayerPlay, word: 'Running' },
  succeeded: { color: 'green', icon: IconCheck, word: 'Done' },
  failed: { color: 'red', icon: IconX, word: 'Failed' },
  cancelled: { color: 'gray', icon: IconBan, word: 'Cancelled' },
  lost: { color: 'orange', icon: IconQuestionMark, word: 'Lost' },
};

export function isActive(state: JobState): boolean {
  return state === 'requested' || state === 'queued' || state === 'running';
}

function Mark({ look, size = 'md', hint }: { look: Look; size?: 'sm' | 'md' | 'lg'; hint?: string | undefined }) {
  const badge = (
    <Badge className="pd-mark" color={look.color} size={size} leftSection={<look.icon size={13} stroke={2} aria-hidden />}>
      {look.word}
    </Badge>
  );
  return hint ? <Tooltip label={hint}>{badge}</Tooltip> : badge;
}

export function JobMark({ state, size }: { state: JobState; size?: 'sm' | 'md' | 'lg' }) {
  return <Mark look={JOB_LOOKS[state]} {...(size && { size })} />;
}

/** Who may see it: open, or closed until its release time. */
export function OpenMark({ open, release, type }: { open: boolean; release?: string | null; type?: string }) {
  if (open) return <Mark look={{ color: 'teal', icon: IconLockOpen, word: 'Open' }} hint="Anyone may read these data." />;
  if (type === 'proprietary') {
    return <Mark look={{ color: 'grape', icon: IconLock, word: 'Proprietary' }} hint="Never released; visible to the team only." />;
  }
  if (type === 'personal') return <Mark look={{ color: 'gray', icon: IconLock, word: 'Private' }} hint="Your own space." />;
  return (
    <Mark
      look={{ color: 'grape', icon: IconLock, word: release ? `Team only until ${date(release)}` : 'Team only' }}
      hint={release ? "Visible to the proposal's team; released on the date shown." : "Visible to the proposal's team; no date is set on which it is released."}
    />
  );
}

/** In a list: that data are not open, and when they will be. Nothing of open ones. */
export function ClosedNote({ card: { open, release_time: release } }: { card: DatasetCard }) {
  if (open) return null;
  return (
    <Text size="xs" c="dimmed" span className="pd-mark" style={{ whiteSpace: 'nowrap' }} title={release ? `Open to everyone from ${date(release)}` : 'No date is set on which it is released'}>
      <IconLock size={12} aria-hidden style={{ verticalAlign: -1.5, marginRight: 3 }} />
      {release ? `until ${date(release)}` : 'not open'}
    </Text>
  );
}

const KINDS: Record<DatasetCard['kind'], string> = {
  raw: 'Measurement',
  derived: 'Result',
  calibration: 'Calibration',
  mask: 'Mask',
};

export function kindWord(kind: DatasetCard['kind']): string {
  return KINDS[kind];
}

/** Only what is not the ordinary case: results, calibrations, simulated, growing, withdrawn, files gone. */
export function DatasetMarks({ card }: { card: DatasetCard }) {
  return (
    <>
      {card.kind !== 'raw' && (
        <Badge color="petrol" size="sm" className="pd-mark">
          {kindWord(card.kind)}
        </Badge>
      )}
      {card.origin === 'simulated' && (
        <Badge color="gray" size="sm" className="pd-mark" leftSection={<IconAtom2 size={12} aria-hidden />}>
          Simulated
        </Badge>
      )}
      {card.state === 'growing' && <Mark size="sm" look={{ color: 'blue', icon: IconCircleDashed, word: 'Still measuring' }} />}
      {card.state === 'withdrawn' && <Mark size="sm" look={{ color: 'orange', icon: IconAlertTriangle, word: 'Withdrawn' }} />}
      {card.missing && <Mark size="sm" look={{ color: 'orange', icon: IconFileOff, word: 'Files missing' }} hint="Its files are gone from the storage; what was read of them is still shown." />}
    </>
  );
}

export function TechniqueChip({ technique }: { technique: TechniqueOut }) {
  return (
    <Tooltip label={technique.label}>
      <Badge color="gray" size="sm" variant="default">
        {technique.short}
      </Badge>
    </Tooltip>
  );
}
