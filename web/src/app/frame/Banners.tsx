import { IconCloudOff, IconFlask2, IconShieldExclamation } from '@tabler/icons-react';
import { useRouterState } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { Link } from '@/components/links';

import { useLiveState } from '../live-context';
import { useSession } from '../session';

import classes from './Frame.module.css';

/** What is true of the whole program right now: not isolated, a demo, cut off. */
export function Banners() {
  const session = useSession();
  const location = useRouterState({ select: (state) => state.location });
  const signingIn = location.pathname === '/sign-in';
  return (
    <>
      {session?.sandbox_warning && (
        <div className={classes.banner} data-kind="warning" role="note">
          <IconShieldExclamation size={18} aria-hidden />
          <span>{session.sandbox_warning}</span>
        </div>
      )}
      {session?.demo && !session.person && !signingIn && (
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
      <Connection />
    </>
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

function Lost() {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setShown(true), 2500);
    return () => window.clearTimeout(timer);
  }, []);
  if (!shown) return null;
  return (
    <div className={classes.banner} data-kind="offline">
      <IconCloudOff size={18} aria-hidden />
      <span>Connection lost. What you see may be out of date; jobs go on. Reconnecting …</span>
    </div>
  );
}
