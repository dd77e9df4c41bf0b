import { queryOptions } from '@tanstack/react-query';

import { api, body } from '@/api/client';

export const softwareQuery = queryOptions({
  queryKey: ['software'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/software', { signal })),
});
