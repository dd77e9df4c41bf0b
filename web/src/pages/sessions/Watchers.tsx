import { Button, Group, Select } from '@mantine/core';
import { IconEye, IconHandStop } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import type { SessionMemberOut } from '@/api/types';
import { usePerson } from '@/app/session';
import frame from '@/app/frame/Frame.module.css';
import { Link } from '@/components/links';
import { When } from '@/components/text';

import { watchersQuery } from './queries';
import { useAnswer, useMember } from './letting';

const MINUTES = ['15', '30', '60', '120'];

/** On every page: staff who ask to look into a session of yours, and staff who are in one now. */
export function Watchers() {
  const person = usePerson();
  const watchers = useQuery({ ...watchersQuery, enabled: person !== null }).data ?? [];
  return (
    <div role="status" aria-live="assertive">
      {watchers.map((one) => (one.waits ? <Asks key={one.session + one.user} one={one} /> : <IsIn key={one.session + one.user} one={one} />))}
    </div>
  );
}

function Asks({ one }: { one: SessionMemberOut }) {
  const answer = useAnswer();
  const [minutes, setMinutes] = useState('30');
  const give = (allow: boolean) => answer.mutate({ session: one.session, user: one.user, allow, minutes: Number(minutes) });
  return (
    <div className={frame.banner} data-kind="warning">
      <IconHandStop size={18} aria-hidden />
      <span>
        <b>{one.name}</b>, of the staff, asks to watch your session <Link to="/sessions/$id" params={{ id: one.session }} inherit>{one.title}</Link>: “
        {one.reason}”
        {answer.error && <> {answer.error.message}</>}
      </span>
      <Group gap={6} wrap="nowrap" className={frame.bannerAction}>
        <Select size="xs" w={110} aria-label="For how long" value={minutes} allowDeselect={false} onChange={(value) => setMinutes(value ?? '30')} data={MINUTES.map((value) => ({ value, label: `${value} minutes` }))} />
        <Button size="compact-sm" loading={answer.isPending} onClick={() => give(true)}>
          Let in
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => give(false)}>
          Refuse
        </Button>
      </Group>
    </div>
  );
}

function IsIn({ one }: { one: SessionMemberOut }) {
  const { share, remove } = useMember(one.session);
  const along = one.may === 'full';
  return (
    <div className={frame.banner} data-kind="warning">
      <IconEye size={18} aria-hidden />
      <span>
        <b>{one.name}</b>, of the staff, {along ? 'works along in' : 'may watch'} your session <Link to="/sessions/$id" params={{ id: one.session }} inherit>{one.title}</Link>
        {one.until && (
          <>
            , until <When at={one.until} exact />
          </>
        )}
        .
      </span>
      <Group gap={6} wrap="nowrap" className={frame.bannerAction}>
        <Button size="compact-sm" variant="default" loading={share.isPending} onClick={() => share.mutate({ user: one.user, may: along ? 'view' : 'full' })}>
          {along ? 'Take control back' : 'Hand over control'}
        </Button>
        <Button size="compact-sm" variant="default" loading={remove.isPending} onClick={() => remove.mutate(one.user)}>
          Send out
        </Button>
      </Group>
    </div>
  );
}
