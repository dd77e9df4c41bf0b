import { Button } from '@mantine/core';
import { IconCloudOff, IconRefresh } from '@tabler/icons-react';

import { Message } from '@/components/states';

import { reloadIfServed, useReloadWhenServed } from './lost-part';

export function LostPart() {
  useReloadWhenServed();
  return (
    <Message
      icon={IconCloudOff}
      title="This part of the page could not be fetched"
      actions={
        <Button variant="default" leftSection={<IconRefresh size={16} />} onClick={() => void reloadIfServed()}>
          Try again
        </Button>
      }
    >
      <div role="alert">The server did not answer. The page is loaded anew as soon as it does.</div>
    </Message>
  );
}
