import { Indicator, Tooltip } from '@mantine/core';
import { IconLifebuoy } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { unreadQuery } from '@/components/help/queries';
import { LinkIcon } from '@/components/links';

import { usePerson } from '../session';

/** Requests for help with something new; staff see it always. */
export function HelpRequests() {
  const person = usePerson();
  const { data } = useQuery({ ...unreadQuery, enabled: person !== null });
  if (!person || !data || (!data.helps && data.own === 0)) return null;
  const number = data.own + data.inbox;
  const label = number > 0 ? `Help requests, ${String(number)} with something new` : 'Help requests';
  return (
    <Tooltip label={label}>
      <Indicator disabled={number === 0} label={number} size={15} offset={6} color="blue">
        <LinkIcon to="/support" search={data.own === 0 && data.helps ? { box: 'inbox' } : {}} variant="subtle" color="gray" size="lg" aria-label={label}>
          <IconLifebuoy size={20} stroke={1.7} />
        </LinkIcon>
      </Indicator>
    </Tooltip>
  );
}
