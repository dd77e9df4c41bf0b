import { Button } from '@mantine/core';
import { IconCloudOff, IconFlask2, IconShieldExclamation } from '@tabler/icons-react';
import { useRouterState } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { Link } from '@/components/links';

import { LensBanner } from '@/pages/access/LensBanner';
import { Watchers } from '@/pages/sessions/Watchers';

import { useLive, useLiveState } from '../live-context';
import { useSession } from '../session';

import classes from './Frame.module.css';

/** What is true of the whole program right now: not isolated, a demo, cut off. */
export function Banners() {
  const session = useSession();
  const location = useRouterState({ select: (state) => state.location });
  const signingIn = location.pathname === '/sign-in';
  const whole = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = whole.current;
    if (!element) return;
    // Pages that fill the window leave room for the banners.
    const watch = new ResizeObserver(() => document.documentElement.style.setProperty('--pd-banners', `${String(element.offsetHeight)}px`));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return (
    <div ref={whole}>
      {session?.sandbox_warning && (
        <div className={classes.banner} data-kind="warning" role="note">
          <IconShieldExclamation size={18} aria-hidden />
          <span>{session.sandbox_warning}</span>
        </div>
      )}
      {session?.demo && !session.person && !session.lens && !signingIn && (
        <div className={classes.banner} data-kind="demo" role="note">
          <IconFlask2 size={18} aria-hidden />
          <span>
            This is a demonstration with public and invented data.{' '}
            <Link to="/sign-in" search={{ next: location.href === '/' ? undefined : location.href }} inherit>
              Sign in with a demo account
            </Link>{' '}
            to run analyses.
          </span>
        </div>
      )}
      <LensBanner />
      <Watchers />
      <Connection />
    </div>
  );
}

/** Says so when updates have stopped for longer than a blink. */
function Connection() {
  const lost = useLiveState() === 'reconnecting';
  return (
    <div role="status" aria-live="polite">
      {lost && <Lost />}
    </div>
  );
}

/** How long the button shows that it tries; a server that is there answers sooner, and the banner goes. */
const TRYING_MS = 1500;

function Lost() {
  const live = useLive();
  const [shown, setShown] = useState(false);
  const [trying, setTrying] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setShown(true), 2500);
    return () => window.clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (!trying) return;
    const timer = window.setTimeout(() => setTrying(false), TRYING_MS);
    return () => window.clearTimeout(timer);
  }, [trying]);
  if (!shown) return null;
  const tryNow = () => {
    setTrying(true);
    live.retry();
  };
  return (
    <div className={classes.banner} data-kind="offline">
      <IconCloudOff size={18} aria-hidden />
      <span>Connection lost. What you see may be out of date; jobs go on. Reconnecting …</span>
      <Button size="compact-sm" variant="default" className={classes.bannerAction} loading={trying} onClick={tryNow}>
        Try now
      </Button>
    </div>
  );
}
