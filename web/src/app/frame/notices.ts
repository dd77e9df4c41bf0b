import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

import { api, body } from '@/api/client';
import { noticesQuery } from '@/api/queries';
import type { NoticeOut } from '@/api/types';

import { usePerson } from '../session';

const COLORS: Record<NoticeOut['level'], string> = { info: 'blue', success: 'green', warning: 'yellow', failure: 'red' };

export function noticeColor(level: NoticeOut['level']): string {
  return COLORS[level];
}

export function useNotices(): NoticeOut[] {
  const person = usePerson();
  return useQuery({ ...noticesQuery, enabled: person !== null }).data ?? [];
}

export function useDismissNotice() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => body(api.POST('/api/v1/notices/{notice_id}/dismiss', { params: { path: { notice_id: id } } })),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ['notices'] });
      void queries.invalidateQueries({ queryKey: ['home'] });
    },
  });
}

/** Notices that arrive while the page is open pop up once; earlier ones wait on the home page. */
export function useNoticePopups(): void {
  const person = usePerson();
  const { data } = useQuery({ ...noticesQuery, enabled: person !== null });
  const known = useRef<{ person: number; ids: Set<number> } | null>(null);
  useEffect(() => {
    if (!data || !person) return;
    const before = known.current?.person === person.id ? known.current.ids : null;
    known.current = { person: person.id, ids: new Set(data.map(({ id }) => id)) };
    if (!before) return;
    for (const notice of data) {
      if (before.has(notice.id)) continue;
      notifications.show({ message: notice.text, color: COLORS[notice.level], autoClose: 8000 });
    }
  }, [data, person]);
}
