import { Accordion, Box } from '@mantine/core';
import type { ReactNode } from 'react';
import { Group, Panel, Separator, useDefaultLayout } from 'react-resizable-panels';

import classes from './dataset.module.css';

interface PanesProps {
  wide: boolean;
  contents: ReactNode;
  viewer: ReactNode;
  side: ReactNode;
}

const IDS = ['contents', 'viewer', 'side'];

/** Three panes with movable borders, remembered in this browser; one below the other on narrow screens. */
export function Panes({ wide, contents, viewer, side }: PanesProps) {
  const { defaultLayout, onLayoutChanged } = useDefaultLayout({ id: 'pandaas-dataset-panes', panelIds: IDS, storage: localStorage });
  if (!wide) {
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
  return (
    <div className={classes.room}>
    <Group id="dataset-panes" className={classes.panes} {...(defaultLayout && { defaultLayout })} onLayoutChanged={onLayoutChanged}>
      <Panel id="contents" defaultSize="19%" minSize="150px" collapsible className={classes.pane}>
        {contents}
      </Panel>
      <Separator className={classes.border} aria-label="Border between contents and viewer" />
      <Panel id="viewer" minSize="320px" className={classes.viewer}>
        {viewer}
      </Panel>
      <Separator className={classes.border} aria-label="Border between viewer and details" />
      <Panel id="side" defaultSize="26%" minSize="220px" collapsible className={classes.pane}>
        {side}
      </Panel>
    </Group>
    </div>
  );
}
