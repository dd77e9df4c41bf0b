import { Text } from '@mantine/core';

import type { DatasetOut } from '@/api/types';
import { Link } from '@/components/links';
import { When } from '@/components/text';

import classes from './dataset.module.css';

export function Versions({ dataset }: { dataset: DatasetOut }) {
  const versions = dataset.versions;
  if (versions.length <= 1) {
    return (
      <Text size="sm" c="dimmed">
        This is the only version. When its files change, a new version is made and this one stays readable.
      </Text>
    );
  }
  return (
    <ol className={classes.entries} reversed>
      {[...versions]
        .sort((a, b) => b.version - a.version)
        .map(({ pid, version, created }) => (
          <li key={pid} className={classes.entry} aria-current={pid === dataset.pid || undefined}>
            {pid === dataset.pid ? (
              <strong>Version {version}, shown here</strong>
            ) : (
              <Link to="/datasets/$pid" params={{ pid }} size="sm">
                Version {version}
              </Link>
            )}
            <Text size="xs" c="dimmed">
              <When at={created} exact />
            </Text>
          </li>
        ))}
    </ol>
  );
}
