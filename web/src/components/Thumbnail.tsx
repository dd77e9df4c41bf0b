import { IconChartLine, IconPhoto, IconStack2, IconTable } from '@tabler/icons-react';
import { useState } from 'react';

import type { DatasetCard } from '@/api/types';

import classes from './Thumbnail.module.css';

interface ThumbnailProps {
  card: DatasetCard;
  width: number | string;
  height: number;
}

/** The picture made at ingest; without one, an icon of what to expect. Decoration only: the title stands beside it. */
export function Thumbnail({ card, width, height }: ThumbnailProps) {
  const [broken, setBroken] = useState(false);
  const dimensions = card.main_shape?.length ?? 0;
  const Icon = dimensions === 1 ? IconChartLine : dimensions === 2 ? IconPhoto : dimensions > 2 ? IconStack2 : IconTable;
  return (
    <div className={classes.frame} style={{ width, height }} data-curve={dimensions === 1 || undefined} aria-hidden>
      {card.has_thumbnail && !broken ? (
        <img
          src={`/api/v1/datasets/${encodeURIComponent(card.pid)}/thumbnail`}
          alt=""
          loading="lazy"
          decoding="async"
          onError={() => setBroken(true)}
        />
      ) : (
        <Icon size={height > 60 ? 30 : 20} stroke={1.3} />
      )}
    </div>
  );
}
