import { Accordion, Box, Button, CloseButton } from '@mantine/core';
import { useLocalStorage, useMediaQuery } from '@mantine/hooks';
import { IconLayoutSidebarRightExpand } from '@tabler/icons-react';
import { useEffect, useRef, type ReactNode } from 'react';
import { Group, Panel, Separator, useDefaultLayout } from 'react-resizable-panels';

import classes from './dataset.module.css';

interface PanesProps {
  wide: boolean;
  contents: ReactNode;
  viewer: ReactNode;
  side: ReactNode;
}

/** One below the other on narrow screens, else beside each other. */
export function Panes({ wide, contents, viewer, side }: PanesProps) {
  if (wide) return <Beside contents={contents} viewer={viewer} side={side} />;
  return (
    <>
      <Box className={classes.viewerNarrow}>{viewer}</Box>
      <Accordion variant="default" multiple defaultValue={['side']} className={classes.narrow}>
        <Accordion.Item value="contents">
          <Accordion.Control>Contents</Accordion.Control>
          <Accordion.Panel>
            <Box className={classes.contentsNarrow}>{contents}</Box>
          </Accordion.Panel>
        </Accordion.Item>
        <Accordion.Item value="side">
          <Accordion.Control>About this dataset</Accordion.Control>
          <Accordion.Panel>{side}</Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </>
  );
}

/** Panes with movable borders, remembered in this browser; where room is short the details wait behind a button at the edge. */
function Beside({ contents, viewer, side }: Omit<PanesProps, 'wide'>) {
  const roomy = useMediaQuery('(min-width: 1200px)', true, { getInitialValueInEffect: false });
  const [chosen, choose] = useLocalStorage<boolean | null>({ key: 'pandaas-dataset-details', defaultValue: null, getInitialValueInEffect: false });
  const details = chosen ?? roomy;
  const other = useRef<HTMLButtonElement>(null);
  const toggled = useRef(false);
  const toggle = (open: boolean) => {
    toggled.current = true;
    choose(open);
  };
  // The button that was pressed is gone: the keyboard goes on at the one in its place.
  useEffect(() => {
    if (toggled.current) other.current?.focus();
    toggled.current = false;
  }, [details]);
  const panelIds = details ? ['contents', 'viewer', 'side'] : ['contents', 'viewer'];
  const { defaultLayout, onLayoutChanged } = useDefaultLayout({ id: 'pandaas-dataset-panes', panelIds, storage: localStorage });
  return (
    <div className={classes.room} data-details={details || undefined}>
      <div className={classes.beside}>
      <Group key={panelIds.join(' ')} id="dataset-panes" className={classes.panes} {...(defaultLayout && { defaultLayout })} onLayoutChanged={onLayoutChanged}>
        <Panel id="contents" defaultSize={details ? '19%' : '24%'} minSize="150px" collapsible className={classes.pane}>
          {contents}
        </Panel>
        <Separator className={classes.border} aria-label="Border between contents and viewer" />
        <Panel id="viewer" minSize="320px" className={classes.viewer}>
          {viewer}
        </Panel>
        {details && (
          <>
            <Separator className={classes.border} aria-label="Border between viewer and details" />
            <Panel id="side" defaultSize="26%" minSize="286px" className={classes.pane}>
              <CloseButton ref={other} className={classes.closeDetails} size="sm" aria-label="Close the details" title="Close the details" onClick={() => toggle(false)} />
              {side}
            </Panel>
          </>
        )}
      </Group>
      </div>
      {!details && (
        <Button ref={other} variant="subtle" color="gray" className={classes.edge} onClick={() => toggle(true)} aria-label="Details: info, metadata, files, history, versions">
          <IconLayoutSidebarRightExpand size={16} aria-hidden />
          <span className={classes.edgeText}>Details</span>
        </Button>
      )}
    </div>
  );
}
