/** Says what of an address could not be followed. */

import { Alert } from '@mantine/core';
import { IconLinkOff } from '@tabler/icons-react';
import { useState } from 'react';

interface LinkNoticeProps {
  /** A path that isn't in the dataset. */
  readonly lostPath?: string | null;
  /** In words. */
  readonly leftOut: readonly string[];
}

export function LinkNotice({ lostPath = null, leftOut }: LinkNoticeProps) {
  const text = [
    lostPath === null ? '' : `‘${lostPath}’ is not in this dataset; its default plot is shown instead.`,
    leftOut.length === 0 ? '' : `This address asks for something that can’t be shown here, so the default was taken for ${listed(leftOut)}.`,
  ]
    .filter(Boolean)
    .join(' ');
  const [dismissed, setDismissed] = useState('');
  if (text === '' || dismissed === text) return null;
  return (
    <Alert
      color="yellow"
      variant="light"
      py={6}
      radius={0}
      icon={<IconLinkOff size={18} />}
      withCloseButton
      closeButtonLabel="Close this notice"
      onClose={() => setDismissed(text)}
      role="status"
    >
      {text}
    </Alert>
  );
}

function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}
