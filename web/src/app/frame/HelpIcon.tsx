import { Tooltip } from '@mantine/core';
import { IconHelp } from '@tabler/icons-react';

import { LinkIcon } from '@/components/links';

export function HelpIcon() {
  return (
    <Tooltip label="Help">
      <LinkIcon to="/help" variant="subtle" color="gray" size="lg" aria-label="Help">
        <IconHelp size={20} stroke={1.7} />
      </LinkIcon>
    </Tooltip>
  );
}
