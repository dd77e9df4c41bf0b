import { ActionIcon, Button, CopyButton, Menu, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBrandPython, IconChartDots3, IconCheck, IconCopy, IconDots, IconDownload, IconExternalLink, IconLifebuoy, IconPencil, IconQuote, IconShare2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import type { DatasetOut } from '@/api/types';
import { usePerson } from '@/app/session';
import { AskDialog } from '@/components/help/AskDialog';
import { LinkButton } from '@/components/links';
import { accessQuery } from '@/pages/access/queries';
import { Share } from '@/pages/access/Share';
import { usePublish } from '@/pages/publications/usePublish';
import { OpenIn } from '@/pages/sessions/OpenIn';

import { CopyPython } from './CopyPython';
import { EditDataset } from './EditDataset';
import { OpenElsewhere } from './OpenElsewhere';

interface ActionsProps {
  dataset: DatasetOut;
  path: string;
  slice: string | undefined;
}

export function Actions({ dataset, path, slice }: ActionsProps) {
  const [python, showPython] = useDisclosure(false);
  const [elsewhere, openElsewhere] = useDisclosure(false);
  const [editing, edit] = useDisclosure(false);
  const [sharing, share] = useDisclosure(false);
  const [asking, ask] = useDisclosure(false);
  const person = usePerson();
  const access = useQuery(accessQuery(dataset.pid)).data;
  const publish = usePublish({ told: true });
  const navigate = useNavigate();
  return (
    <>
      <CopyButton value={window.location.href} timeout={1500}>
        {({ copied, copy }) => (
          <Tooltip label="Copies the address of exactly this view. Who may see the dataset does not change.">
            <Button variant="default" onClick={copy} leftSection={copied ? <IconCheck size={16} /> : <IconShare2 size={16} />} aria-live="polite">
              {copied ? 'Link copied' : 'Share'}
            </Button>
          </Tooltip>
        )}
      </CopyButton>
      {access?.may_manage && (
        <Button variant="default" onClick={share.open}>
          Give access
        </Button>
      )}
      <Share datasets={[dataset.pid]} title={dataset.title} opened={sharing && Boolean(access?.may_manage)} onClose={share.close} />
      <Button
        variant="default"
        leftSection={<IconDownload size={16} />}
        onClick={() => void navigate({ to: '/datasets/$pid', params: { pid: dataset.pid }, search: (before) => ({ ...before, tab: 'files' }) })}
      >
        Download
      </Button>
      {dataset.may_analyse && <OpenIn datasets={[dataset.pid]} />}
      {dataset.may_analyse && (
        <LinkButton to="/analyse" search={{ dataset: [dataset.pid] }} leftSection={<IconChartDots3 size={16} />}>
          Analyse
        </LinkButton>
      )}
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label="More actions">
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconBrandPython size={16} />} onClick={showPython.open}>
            Copy Python
          </Menu.Item>
          <Menu.Item leftSection={<IconExternalLink size={16} />} onClick={openElsewhere.open}>
            Open in another program…
          </Menu.Item>
          <CopyButton value={dataset.pid}>
            {({ copy }) => (
              <Menu.Item leftSection={<IconCopy size={16} />} onClick={copy}>
                Copy identifier
              </Menu.Item>
            )}
          </CopyButton>
          {person && (
            <Menu.Item leftSection={<IconLifebuoy size={16} />} onClick={ask.open}>
              Get help…
            </Menu.Item>
          )}
          {access?.may_manage && (
            <Menu.Item leftSection={<IconQuote size={16} />} onClick={() => publish.mutate({ datasets: [dataset.pid] })}>
              Publish…
            </Menu.Item>
          )}
          {dataset.may_write && (
            <Menu.Item leftSection={<IconPencil size={16} />} onClick={edit.open}>
              Edit metadata
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {asking && <AskDialog about={{ dataset: dataset.pid }} onClose={ask.close} />}
      <CopyPython opened={python} onClose={showPython.close} dataset={dataset} path={path} slice={slice} />
      <OpenElsewhere opened={elsewhere} onClose={openElsewhere.close} dataset={dataset} path={path} />
      <EditDataset opened={editing} onClose={edit.close} dataset={dataset} />
    </>
  );
}
