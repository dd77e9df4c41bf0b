import { Button } from '@mantine/core';
import { IconEye } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { api, body } from '@/api/client';
import classes from '@/app/frame/Frame.module.css';
import { useSession } from '@/app/session';
import { Link } from '@/components/links';

import { lensQuery } from './queries';

/** Says that this browser looks through a reviewer's link, or as somebody else, and ends it. */
export function LensBanner() {
  const kind = useSession()?.lens;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const lens = useQuery({ ...lensQuery, enabled: Boolean(kind) }).data;
  const end = useMutation({
    mutationFn: () => body(api.DELETE('/api/v1/lens')),
    onSuccess: async () => {
      await navigate({ to: '/' });
      await queries.resetQueries();
    },
  });
  if (!kind) return null;
  return (
    <div className={classes.banner} data-kind="demo" role="note">
      <IconEye size={18} aria-hidden />
      {kind === 'review' ? (
        <span>
          You look as a reviewer: <Link to="/review" inherit>the data of this link</Link>, to be read only.
        </span>
      ) : (
        <span>You look as {lens?.label ?? 'somebody else'}: nothing can be changed, it is logged, and it ends by itself.</span>
      )}
      <Button size="compact-sm" variant="default" className={classes.bannerAction ?? ''} loading={end.isPending} onClick={() => end.mutate()}>
        {kind === 'review' ? 'End the visit' : 'End this view'}
      </Button>
    </div>
  );
}
