import { Alert, Group } from '@mantine/core';
import { IconAlertTriangle, IconArrowUpCircle, IconFileOff } from '@tabler/icons-react';

import type { DatasetOut } from '@/api/types';
import { Link } from '@/components/links';
import { TechniqueChip } from '@/components/marks';
import { Dots, When } from '@/components/text';
import { bytes, plural, shape } from '@/format';

/** What, on what, when, where, how much: one line under the title. */
export function Summary({ dataset }: { dataset: DatasetOut }) {
  return (
    <Group gap={8} component="span" display="inline-flex" wrap="nowrap" align="baseline">
      <Group gap={4} component="span" wrap="nowrap" flex="none">
        {dataset.techniques.map((technique) => (
          <TechniqueChip key={technique.iri} technique={technique} />
        ))}
      </Group>
      <Dots
        parts={[
          dataset.sample,
          <When key="t" at={dataset.start_time ?? dataset.created} exact />,
          dataset.instrument ?? dataset.facility,
          dataset.main_shape && shape(dataset.main_shape),
          bytes(dataset.size),
          plural(dataset.file_count, 'file'),
        ]}
      />
    </Group>
  );
}

/** What a reader must know before she trusts the data: newer version, missing files, parts that can't be read. */
export function Notes({ dataset }: { dataset: DatasetOut }) {
  return (
    <>
      {dataset.replaced_by && (
        <Alert color="blue" variant="light" icon={<IconArrowUpCircle size={18} />} mb="sm" py={6}>
          There is a newer version of this dataset.{' '}
          <Link to="/datasets/$pid" params={{ pid: dataset.replaced_by }} inherit>
            Open the newest
          </Link>
        </Alert>
      )}
      {dataset.missing_since && (
        <Alert color="orange" variant="light" icon={<IconFileOff size={18} />} mb="sm" py={6}>
          Files of this dataset have been missing from the storage since <When at={dataset.missing_since} exact />. What was read at
          ingest is still shown. Ask the facility where they were moved.
        </Alert>
      )}
      {dataset.unread.length > 0 && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} mb="sm" py={6} title="Parts of this dataset could not be read">
          {dataset.unread.slice(0, 5).map((text) => (
            <div key={text}>{text}</div>
          ))}
          {dataset.unread.length > 5 && <div>and {plural(dataset.unread.length - 5, 'more part')}</div>}
        </Alert>
      )}
    </>
  );
}
