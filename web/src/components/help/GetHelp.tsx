import { Button, type ButtonProps } from '@mantine/core';
import { IconLifebuoy } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';

import { usePerson } from '@/app/session';

import type { Picture } from './picture';
import type { About } from './queries';

const AskDialog = lazy(() => import('./AskDialog').then((module) => ({ default: module.AskDialog })));

interface GetHelpProps extends ButtonProps {
  about: About;
  capture?: (() => Promise<Picture>) | undefined;
  stay?: boolean;
}

/** The button wherever one can be stuck; only for persons, since an answer needs somebody to go to. */
export function GetHelp({ about, capture, stay = false, ...look }: GetHelpProps) {
  const person = usePerson();
  const [open, setOpen] = useState(false);
  if (!person) return null;
  const begin = () => {
    if (document.fullscreenElement) void document.exitFullscreen(); // the dialog would stand behind it
    setOpen(true);
  };
  return (
    <>
      <Button variant="default" leftSection={<IconLifebuoy size={16} />} {...look} onClick={begin}>
        Get help
      </Button>
      {open && (
        <Suspense fallback={null}>
          <AskDialog about={about} capture={capture} stay={stay} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
