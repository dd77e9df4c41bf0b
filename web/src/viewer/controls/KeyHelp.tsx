/** The list of all keys. */

import { Modal, Table } from '@mantine/core';

import { KEYS } from './keys';
import styles from '../viewer.module.css';

export function KeyHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keys of the viewer" size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Table withRowBorders={false} className={styles.kbd}>
        <Table.Tbody>
          {KEYS.map(({ key, does }) => (
            <Table.Tr key={key}>
              <Table.Td>
                <kbd>{key}</kbd>
              </Table.Td>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
