import { ActionIcon, Badge, Group, Menu, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCamera, IconGauge } from '@tabler/icons-react';
import RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'react';

import { bytes } from '@/format';

import { useAnswers, useDelay, type Company } from './company';
import { DropFiles } from './DropFiles';
import { adapted, Pace, useRate, type Line } from './pace';
import { Pointers } from './Pointers';
import classes from './sessions.module.css';

type Link = 'connecting' | 'connected' | 'reconnecting' | 'over';

const WAITS_MS = [500, 1000, 2000, 4000, 8000];
const QUALITIES = [
  { label: 'Sharp', quality: 9, compression: 2 },
  { label: 'Balanced', quality: 6, compression: 2 },
  { label: 'For a slow line', quality: 2, compression: 9 },
] as const;

/** A desktop's screen. It comes back by itself when the line was cut; the desktop takes the size of the window. */
interface ScreenProps {
  /** Where the session is at the platform. */
  at: string;
  title: string;
  viewOnly: boolean;
  /** The desktop takes the size of its person's window; others see it scaled. */
  own: boolean;
  company: Company | null;
  onOver: () => void;
}

export function Screen({ at, title, viewOnly, own, company, onOver }: ScreenProps) {
  const target = useRef<HTMLDivElement>(null);
  const screen = useRef<RFB | null>(null);
  const [link, setLink] = useState<Link>('connecting');
  const [chosen, choose] = useState<number | null>(null);
  const suits = useSuitable(company);
  const quality = chosen ?? suits;
  const [pace] = useState(() => new Pace());
  const over = useRef(onOver);
  useEffect(() => {
    over.current = onOver;
  }, [onOver]);
  useEffect(() => {
    let attempt = 0;
    let timer: number | undefined;
    let closed = false;
    const open = () => {
      if (!target.current) return;
      const socket = new WebSocket(`${window.location.origin.replace(/^http/u, 'ws')}${at}/screen`, ['binary']);
      socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => pace.arrived(data));
      const rfb = new RFB(target.current, socket);
      rfb.viewOnly = viewOnly;
      rfb.resizeSession = own;
      rfb.scaleViewport = !own;
      rfb.background = 'transparent';
      screen.current = rfb;
      rfb.addEventListener('connect', () => {
        attempt = 0;
        setLink('connected');
        pace.watch(target.current?.querySelector('canvas') ?? null);
        rfb.focus();
      });
      rfb.addEventListener('clipboard', (event) => {
        if (viewOnly) return;
        const { text } = (event as CustomEvent<{ text: string }>).detail;
        navigator.clipboard.writeText(text).catch(() => undefined); // the browser may forbid it
      });
      rfb.addEventListener('disconnect', () => {
        if (closed) return;
        over.current();
        if (attempt >= 40) {
          setLink('over');
          return;
        }
        setLink('reconnecting');
        timer = window.setTimeout(open, WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)]);
        attempt += 1;
      });
    };
    open();
    pace.start();
    return () => {
      closed = true;
      pace.stop();
      window.clearTimeout(timer);
      screen.current?.disconnect();
      screen.current = null;
    };
  }, [at, viewOnly, own, pace]);
  useEffect(() => {
    const paste = () => {
      if (viewOnly || !document.hasFocus()) return;
      navigator.clipboard.readText().then((text) => text && screen.current?.clipboardPasteFrom(text)).catch(() => undefined);
    };
    window.addEventListener('focus', paste);
    return () => window.removeEventListener('focus', paste);
  }, [viewOnly]);
  useEffect(() => {
    const wanted = QUALITIES[quality];
    if (!screen.current || !wanted) return;
    screen.current.qualityLevel = wanted.quality;
    screen.current.compressionLevel = wanted.compression;
  }, [quality, link]);
  const shown = (
    <>
      <div ref={target} className={classes.rfb} role="application" aria-label={`Screen of ${title}`} />
      <Pointers company={company} target={target} />
      <Group gap={4} className={classes.tools}>
        <Speed company={company} pace={pace} />
        {link !== 'connected' && <Badge color={link === 'over' ? 'red' : 'yellow'}>{WORDS[link]}</Badge>}
        <Tooltip label="Save a picture of the screen">
          <ActionIcon variant="default" aria-label="Save a picture of the screen" onClick={() => save(screen.current, title)}>
            <IconCamera size={16} />
          </ActionIcon>
        </Tooltip>
        <Menu position="top-end" shadow="md">
          <Menu.Target>
            <ActionIcon variant="default" aria-label="Picture quality">
              <IconGauge size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {QUALITIES.map(({ label }, index) => (
              <Menu.Item key={label} onClick={() => choose(index)} {...(index === chosen && { fw: 600 })}>
                {label}
              </Menu.Item>
            ))}
            <Menu.Item onClick={() => choose(null)} {...(chosen === null && { fw: 600 })}>
              As the line bears it (now: {QUALITIES[suits]?.label.toLowerCase()})
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
    </>
  );
  return viewOnly ? (
    <div className={classes.screen} data-link={link}>
      {shown}
    </div>
  ) : (
    <DropFiles at={at} className={classes.screen ?? ''} link={link}>
      {shown}
    </DropFiles>
  );
}

/** The quality that the line bears, by how long messages take beside the pictures. */
function useSuitable(company: Company | null): number {
  const answers = useAnswers(company);
  const [line, setLine] = useState<Line & { seen: number }>({ level: 1, calm: 0, seen: 0 });
  if (company?.delay != null && company.delay >= 0 && answers !== line.seen) {
    setLine({ ...adapted(line, company.delay, QUALITIES.length - 1), seen: answers });
  }
  return line.level;
}

/** How long a message takes to the platform and back, and what comes over the line. */
function Speed({ company, pace }: { company: Company | null; pace: Pace }) {
  const delay = useDelay(company);
  const rate = useRate(pace);
  if (delay === null || delay < 0) return null;
  return (
    <Tooltip label="How long a message takes to the platform and back; pictures and bytes of the last second">
      <Badge variant="default" tt="none">
        {delay} ms · {rate?.pictures ?? 0} pictures/s · {bytes(rate?.bytes ?? 0)}/s
      </Badge>
    </Tooltip>
  );
}

const WORDS: Record<Link, string> = { connecting: 'Connecting …', connected: '', reconnecting: 'Connection lost; trying again …', over: 'No connection' };

function save(rfb: RFB | null, title: string): void {
  if (!rfb) return;
  rfb.toBlob((blob) => {
    if (!blob) {
      notifications.show({ color: 'red', message: 'The picture could not be made.' });
      return;
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${title}.png`;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, 'image/png');
}
