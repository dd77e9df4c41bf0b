/** Export of what is shown, and the three things to copy. */

import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';

import type { ArraySource, DatasetOut } from '../data/types';
import { exportUrl, largeExportUrl } from '../data/requests';
import { citation, isPlainFile, pythonCall } from '../figure/captions';
import { copyPng, copyText, saveText, saveUrl, svgToPng } from '../figure/save';
import type { FigureProvider } from '../plots/props';
import { baseName } from '../core/format';
import styles from '../viewer.module.css';

interface ExportMenuProps {
  readonly dataset: DatasetOut;
  readonly source: ArraySource;
  readonly selection: string | null;
  readonly figure: FigureProvider | null;
  readonly dimensions: number;
}

export function ExportMenu({ dataset, source, selection, figure, dimensions }: ExportMenuProps) {
  const [said, setSaid] = useState('');
  const name = `${baseName(dataset.pid)}_${baseName(source.path)}${selection ? `_${selection.replaceAll(/[^0-9]+/g, '_').replaceAll(/^_|_$/g, '')}` : ''}`;
  const origin = window.location.origin;

  const attempt = (done: string, action: () => Promise<void> | void) => () => {
    Promise.resolve()
      .then(action)
      .then(
        () => setSaid(done),
        () => setSaid('The browser did not allow this.'),
      );
  };
  const download = (format: 'csv' | 'tiff') => () =>
    saveUrl(exportUrl(source.pid, source.path, selection, format), `${name}.${format === 'tiff' ? 'tif' : format}`);
  const everything = source.shape.map(() => ':').join(',');
  const large = (part: string | null, to: string) => () => saveUrl(largeExportUrl(source.pid, source.path, part), `${to}.npy`);

  return (
    <>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <Tooltip label="Export and copy" openDelay={400}>
            <ActionIcon variant="subtle" color="gray" aria-label="Export and copy">
              <IconDownload size={18} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {figure && (
            <>
              <Menu.Label>Figure</Menu.Label>
              <Menu.Item onClick={attempt('PNG saved', async () => saveUrl(await svgToPng(figure.svg()), `${name}.png`))}>PNG</Menu.Item>
              <Menu.Item onClick={attempt('SVG saved', () => saveText(figure.svg(), `${name}.svg`, 'image/svg+xml'))}>SVG</Menu.Item>
              <Menu.Item onClick={attempt('Figure copied', () => copyPng(figure.svg()))}>Copy figure</Menu.Item>
            </>
          )}
          <Menu.Label>Numbers on show</Menu.Label>
          <Menu.Item onClick={large(selection, name)}>NumPy (.npy)</Menu.Item>
          {dimensions <= 2 && <Menu.Item onClick={download('csv')}>CSV</Menu.Item>}
          {dimensions === 2 && <Menu.Item onClick={download('tiff')}>TIFF</Menu.Item>}
          {selection !== null && selection !== everything && (
            <Menu.Item onClick={large(null, `${baseName(dataset.pid)}_${baseName(source.path)}`)}>Whole array (.npy)</Menu.Item>
          )}
          {figure?.columns && (
            <Menu.Item onClick={attempt('Columns saved', () => saveText(figure.columns?.() ?? '', `${name}.dat`, 'text/plain'))}>
              Columns x, y, error (.dat)
            </Menu.Item>
          )}
          <Menu.Label>Copy</Menu.Label>
          {!isPlainFile(dataset) && (
            <Menu.Item onClick={attempt('Citation copied', () => copyText(citation(dataset, origin)))}>Citation</Menu.Item>
          )}
          <Menu.Item onClick={attempt('Python copied', () => copyText(pythonCall(origin, source.pid, source.path, selection)))}>Python</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <span className={styles.hidden} role="status">{said}</span>
    </>
  );
}
