import { ActionIcon, Tooltip } from '@mantine/core';
import {
  IconAlertSquareRounded, IconChartDots3, IconDeviceDesktop, IconFolders, IconHome, IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand,
  IconListCheck, IconPackages, IconQuote, IconSearch, IconSettings2, IconStack2, IconTimeline, IconTool, IconUpload,
} from '@tabler/icons-react';
import type { Icon } from '@tabler/icons-react';
import type { SessionOut } from '@/api/types';
import { LinkNav } from '@/components/links';

import { isStaff, useSession } from '../session';

import classes from './Frame.module.css';

export interface Place {
  label: string;
  to: string;
  icon: Icon;
  group: 'all' | 'staff';
}

/** The pages that this person has. */
export function placesOf(session: SessionOut | undefined): Place[] {
  const person = session?.person;
  const places: Place[] = [
    { label: 'Home', to: '/', icon: IconHome, group: 'all' },
    { label: 'Search', to: '/search', icon: IconSearch, group: 'all' },
    { label: 'Proposals', to: '/proposals', icon: IconFolders, group: 'all' },
    { label: 'Publications', to: '/publications', icon: IconQuote, group: 'all' },
  ];
  if (!person) return places;
  places.push(
    { label: 'Jobs', to: '/jobs', icon: IconListCheck, group: 'all' },
    { label: 'Chains', to: '/chains', icon: IconTimeline, group: 'all' },
    { label: 'Sessions', to: '/sessions', icon: IconDeviceDesktop, group: 'all' },
    { label: 'Results', to: '/results', icon: IconChartDots3, group: 'all' },
    { label: 'Collections', to: '/collections', icon: IconStack2, group: 'all' },
    { label: 'Upload', to: '/upload', icon: IconUpload, group: 'all' },
    { label: 'Software', to: '/software', icon: IconPackages, group: 'all' },
  );
  if (isStaff(session)) {
    places.push({ label: 'My instrument', to: '/instruments', icon: IconTool, group: 'staff' });
    places.push({ label: 'Quarantine', to: '/quarantine', icon: IconAlertSquareRounded, group: 'staff' });
  }
  if (person.role === 'operator') places.push({ label: 'Operation', to: '/operator', icon: IconSettings2, group: 'staff' });
  return places;
}

interface RailProps {
  narrow: boolean;
  onToggle: () => void;
}

export function Rail({ narrow, onToggle }: RailProps) {
  const places = placesOf(useSession());
  const staff = places.filter(({ group }) => group === 'staff');
  return (
    <nav className={classes.nav} aria-label="Pages">
      {places
        .filter(({ group }) => group === 'all')
        .map((place) => (
          <RailItem key={place.to} place={place} narrow={narrow} />
        ))}
      {staff.length > 0 && <hr className={classes.divide} />}
      {staff.map((place) => (
        <RailItem key={place.to} place={place} narrow={narrow} />
      ))}
      <div className={classes.bottom}>
        <Tooltip label={narrow ? 'Widen the rail' : 'Shrink the rail to icons'} position="right">
          <ActionIcon visibleFrom="sm" variant="subtle" color="gray" onClick={onToggle} aria-label={narrow ? 'Widen the rail' : 'Shrink the rail to icons'}>
            {narrow ? <IconLayoutSidebarLeftExpand size={18} stroke={1.7} /> : <IconLayoutSidebarLeftCollapse size={18} stroke={1.7} />}
          </ActionIcon>
        </Tooltip>
      </div>
    </nav>
  );
}

function RailItem({ place, narrow }: { place: Place; narrow: boolean }) {
  const item = (
    <LinkNav
      to={place.to}
      activeOptions={{ exact: place.to === '/', includeSearch: false }}
      className={classes.item ?? ''}
      label={narrow ? undefined : place.label}
      aria-label={place.label}
      leftSection={<place.icon size={18} stroke={1.7} aria-hidden />}
    />
  );
  return narrow ? (
    <Tooltip label={place.label} position="right">
      {item}
    </Tooltip>
  ) : (
    item
  );
}
