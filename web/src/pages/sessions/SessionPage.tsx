import { ActionIcon, Alert, Badge, Button, Group, Loader, Menu, Stack, Text, Title, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import { IconDots, IconExternalLink, IconEye, IconFiles, IconLifebuoy, IconMaximize, IconMoon, IconPlayerPlay, IconPlayerStop, IconUsers } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';

import type { WorkSessionOut } from '@/api/types';
import { usePlace } from '@/app/crumbs';
import { GetHelp } from '@/components/help/GetHelp';
import { pictureOf } from '@/components/help/picture';
import { Link, LinkButton } from '@/components/links';
import { Loaded } from '@/components/states';
import { useNow, When } from '@/components/text';

import { useUnderstood, useVerb } from './actions';
import { AskToJoin } from './AskToJoin';
import { Beside } from './Beside';
import { Elsewhere } from './Elsewhere';
import { useUnread } from './chat-query';
import { useCompany, usePeople, type Company } from './company';
import { remaining, SessionMark } from './marks';
import { enter } from './enter';
import { MoreTime } from './MoreTime';
import { Ordered, waits } from './Ordered';
import { workSessionQuery } from './queries';
import { Results } from './Results';
import classes from './sessions.module.css';
import { youWatch } from './words';

const route = getRouteApi('/sessions/$id');
const Screen = lazy(() => import('./Screen').then((module) => ({ default: module.Screen })));

/** The program fills the page; a slim bar above it says whose it is, how long it runs and how to end it. */
export function SessionPage() {
  const { id } = route.useParams();
  const query = useQuery(workSessionQuery(id));
  return <Loaded query={query}>{(session) => <Session session={session} />}</Loaded>;
}

function Session({ session }: { session: WorkSessionOut }) {
  usePlace([{ label: 'Sessions', to: '/sessions' }, { label: session.title }]);
  const whole = useRef<HTMLDivElement>(null);
  const queries = useQueryClient();
  const looked = () => void queries.invalidateQueries({ queryKey: workSessionQuery(session.id).queryKey });
  const usable = session.state === 'ready' && !session.ending;
  const [waited, setWaited] = useState(false);
  if (!usable && !waited) setWaited(true);
  const [beside, setBeside] = useState(false);
  const [files, setFiles] = useState(false);
  const at = `/api/v1/sessions/${session.id}`;
  const here = session.kind !== 'elsewhere';
  const company = useCompany(at, usable && here && session.may !== null);
  const unread = useUnread(at, company, beside);
  return (
    <div className={classes.whole} ref={whole}>
      <Bar session={session} company={company} unread={unread} onFullScreen={() => void whole.current?.requestFullscreen()} beside={beside} onBeside={() => setBeside(!beside)} files={files} onFiles={() => setFiles(!files)} screen={() => whole.current?.querySelector<HTMLCanvasElement>('[role=application] canvas') ?? null} />
      {session.announcements.length > 0 && <Announcements session={session} />}
      {session.stop_at && (usable || waits(session)) && <Ordered session={session} />}
      {session.warned && !session.stop_at && usable && <Warning session={session} />}
      <div className={classes.row}>
        <div className={classes.program}>
          {usable && session.is_owner && !here && <Elsewhere session={session} />}
          {usable && here && session.may !== null && session.kind !== 'desktop' && <Web session={session} waited={waited} />}
          {usable && session.may !== null && session.kind === 'desktop' && (
            <Suspense fallback={<Waiting text="Opening the screen …" />}>
              <Screen key={session.ready} at={at} company={company} title={session.title} viewOnly={session.may === 'view'} own={session.is_owner} onOver={looked} />
            </Suspense>
          )}
          {usable && session.may === null && <Foreign session={session} />}
          {!usable && <NotUsable session={session} />}
        </div>
        {files && usable && seesFiles(session) && (
          <aside className={classes.beside} aria-label="Files of the session">
            <Results session={session} />
          </aside>
        )}
        {beside && <Beside session={session} company={company} />}
      </div>
    </div>
  );
}

interface BarProps {
  session: WorkSessionOut;
  onFullScreen: () => void;
  company: Company | null;
  unread: number;
  beside: boolean;
  onBeside: () => void;
  files: boolean;
  onFiles: () => void;
  /** What a desktop shows; null where there is none. */
  screen: () => HTMLCanvasElement | null;
}

async function pictureOfScreen(canvas: HTMLCanvasElement | null) {
  if (!canvas) throw new Error('The screen is not shown now. Wait until it is connected.');
  return pictureOf(canvas, 'screen.png');
}

/** Who only watches sees the program, not its files. What runs elsewhere has its files there. */
function seesFiles({ kind, may_manage, may }: WorkSessionOut): boolean {
  return kind !== 'elsewhere' && (may_manage || may === 'full');
}

function Bar({ session, company, unread, onFullScreen, beside, onBeside, files, onFiles, screen }: BarProps) {
  const now = useNow(session.state === 'ready');
  const verb = useVerb(session.id);
  const ready = session.state === 'ready' && !session.ending;
  const others = usePeople(company).filter(({ who }) => who !== company?.you).length;
  return (
    <Group className={classes.bar} gap="sm" wrap="nowrap">
      <div className={classes.name}>
        <Title order={1} size="sm" lineClamp={1}>
          {session.title}
        </Title>
        <Text size="xs" c="dimmed" lineClamp={1}>
          {session.is_owner ? 'Yours' : `Of ${session.person}`}
          {session.datasets.map(({ pid, title }) => (
            <span key={pid}>
              {' · '}
              <Link to="/datasets/$pid" params={{ pid }} size="xs">
                {title}
              </Link>
            </span>
          ))}
        </Text>
      </div>
      <SessionMark session={session} />
      {session.may === 'view' && (
        <Badge color="grape" tt="none" leftSection={<IconEye size={13} aria-hidden />}>
          You only watch
        </Badge>
      )}
      {ready && (
        <Text size="xs" c="dimmed">
          {remaining(session, now)}
        </Text>
      )}
      {ready && session.may_manage && <MoreTime session={session} />}
      {ready && seesFiles(session) && (
        <Button size="compact-sm" variant={files ? 'filled' : 'default'} leftSection={<IconFiles size={14} />} aria-expanded={files} onClick={onFiles}>
          Results
        </Button>
      )}
      {session.kind !== 'elsewhere' && (session.is_owner || session.may !== null) && session.state !== 'ended' && (
        <Button size="compact-sm" variant={beside ? 'filled' : 'default'} leftSection={<IconUsers size={14} />} aria-expanded={beside} onClick={onBeside}>
          {session.is_owner ? 'Share' : 'People'}
          {others > 0 && ` (${String(others)} here)`}
          {unread > 0 && `, ${String(unread)} new ${unread === 1 ? 'message' : 'messages'}`}
        </Button>
      )}
      <GetHelp stay about={{ session: session.id }} size="compact-sm" leftSection={<IconLifebuoy size={14} />} {...(ready && session.kind === 'desktop' && session.may !== null && { capture: () => pictureOfScreen(screen()) })} />
      {ready && session.kind !== 'elsewhere' && (
        <Tooltip label="Full screen">
          <ActionIcon variant="default" size={28} aria-label="Full screen" onClick={onFullScreen}>
            <IconMaximize size={16} />
          </ActionIcon>
        </Tooltip>
      )}
      {session.may_manage && (ready || waits(session) || session.state === 'hibernated') && (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <ActionIcon variant="default" size={28} aria-label="More actions">
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {ready && (
              <Menu.Item leftSection={<IconMoon size={16} />} onClick={() => verb.mutate('hibernate')}>
                Hibernate: keep it for later
              </Menu.Item>
            )}
            <Menu.Item color="red" leftSection={<IconPlayerStop size={16} />} onClick={() => confirmEnd(session, () => verb.mutate('end'))}>
              End the session
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  );
}

/** A program with web pages fills a tab: this one, if it was waited for here, else the one that a click opens. */
function Web({ session, waited }: { session: WorkSessionOut; waited: boolean }) {
  const fresh = useRef(true);
  const open = useMutation({
    mutationFn: (target: '_self' | '_blank') => enter(session.id, target),
    onError: (error) => notifications.show({ color: 'red', title: 'The session could not be opened', message: error.message }),
  });
  const { mutate } = open;
  useEffect(() => {
    if (!fresh.current) return;
    fresh.current = false;
    if (session.is_owner && waited) mutate('_self');
  }, [mutate, session.is_owner, waited]);
  return (
    <div className={classes.middle}>
      <Stack gap="sm" align="center">
        <Text>{session.is_owner ? `${session.program_title} runs, with your data in it.` : `${session.program_title} of ${session.person} runs.`}</Text>
        {session.may === 'view' && <Text c="dimmed">You only watch: {youWatch(session.kind)}</Text>}
        <Group>
          <Button leftSection={<IconExternalLink size={16} />} loading={open.isPending} onClick={() => open.mutate('_self')}>
            Open {session.program_title}
          </Button>
          <Button variant="default" onClick={() => open.mutate('_blank')}>
            In a new tab
          </Button>
        </Group>
      </Stack>
    </div>
  );
}

function confirmEnd(session: WorkSessionOut, end: () => void): void {
  modals.openConfirmModal({
    title: `End “${session.title}”?`,
    children: <Text size="sm">Save your work first: what is only in memory is lost. {session.provider ? `Your files at ${session.provider}` : 'Your home folder and the results folder'} are kept.</Text>,
    labels: { confirm: 'End the session', cancel: 'Go on working' },
    confirmProps: { color: 'red' },
    onConfirm: end,
  });
}

function Announcements({ session }: { session: WorkSessionOut }) {
  const understood = useUnderstood(session.id);
  return (
    <Alert color="blue" className={classes.warning} title="The operators say" role="alert">
      {session.announcements.map((text, number) => (
        <Text key={number} size="sm">
          {text}
        </Text>
      ))}
      <Button mt={6} size="compact-xs" variant="default" loading={understood.isPending} onClick={() => understood.mutate()}>
        Understood
      </Button>
    </Alert>
  );
}

function Warning({ session }: { session: WorkSessionOut }) {
  return (
    <Alert color="yellow" className={classes.warning} title="This session will hibernate soon" role="alert">
      Its time is over <When at={session.expires} />, or nothing is done in it. Save your work, or press Extend.
    </Alert>
  );
}

function Waiting({ text }: { text: string }) {
  return (
    <div className={classes.middle}>
      <Group gap="sm" role="status">
        <Loader size="sm" />
        <Text>{text}</Text>
      </Group>
    </div>
  );
}

function Foreign({ session }: { session: WorkSessionOut }) {
  return (
    <div className={classes.middle}>
      <Stack gap="md" align="center">
        <Text>
          {session.provider
            ? `This is a session of ${session.person} at ${session.provider}. Nobody is led into it from here.`
            : `This is a session of ${session.person}. Only who was let in sees what is done in it.`}
        </Text>
        {session.may_help && session.kind !== 'elsewhere' && <AskToJoin session={session} then="This page opens the session when you are let in." />}
      </Stack>
    </div>
  );
}

function NotUsable({ session }: { session: WorkSessionOut }) {
  const verb = useVerb(session.id);
  const now = useNow(true);
  if (session.ending) return <Waiting text={session.phase ? `${session.phase} …` : 'Ending …'} />;
  if (waits(session)) {
    const seconds = Math.max(0, Math.round((now - Date.parse(session.created)) / 1000));
    return <Waiting text={`${session.phase || 'Starting'} … ${session.ready ? '' : `${String(seconds)} s`}`} />;
  }
  const again = session.is_owner && session.state !== 'ended';
  return (
    <div className={classes.middle}>
      <Stack gap="sm" maw={560}>
        <Title order={2}>{TITLES[session.state] ?? 'This session has ended'}</Title>
        {session.reason && <Text>{session.reason}</Text>}
        {session.remedy && <Text c="dimmed">{session.remedy}</Text>}
        {session.state === 'hibernated' && session.notices.map((text) => <Text key={text}>{text}</Text>)}
        <Group>
          {again && (
            <Button leftSection={<IconPlayerPlay size={16} />} loading={verb.isPending} onClick={() => verb.mutate('resume')}>
              {session.state === 'hibernated' ? 'Resume' : 'Start it again'}
            </Button>
          )}
          <LinkButton to="/sessions" variant="default">
            All sessions
          </LinkButton>
        </Group>
        {seesFiles(session) && <Results session={session} />}
      </Stack>
    </div>
  );
}

const TITLES: Partial<Record<WorkSessionOut['state'], string>> = {
  hibernated: 'This session is asleep',
  failed: 'This session failed',
  lost: 'This session was lost',
};
