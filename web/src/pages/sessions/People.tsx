import { Badge, Group, VisuallyHidden } from '@mantine/core';
import { IconEye, IconPencil } from '@tabler/icons-react';

import { usePeople, type Company, type Present } from './company';

const ROLES: Record<Present['role'], string> = { owner: '', member: '', staff: ', staff', guest: ', guest' };

/** Who is here now, and whether they watch or have control. */
export function People({ company }: { company: Company | null }) {
  const people = usePeople(company);
  if (people.length === 0) return null;
  return (
    <Group gap={6} role="list" aria-label="Who is here">
      {people.map((one) => {
        const Mark = one.may === 'full' ? IconPencil : IconEye;
        const role = one.who === company?.you ? ', you' : ROLES[one.role];
        return (
          <Badge key={one.who} role="listitem" variant="light" color={one.role === 'staff' ? 'grape' : one.may === 'full' ? 'blue' : 'gray'} leftSection={<Mark size={12} aria-hidden />} tt="none">
            {one.name}
            {role}
            <VisuallyHidden>{one.may === 'full' ? ', has control' : ', watches'}</VisuallyHidden>
          </Badge>
        );
      })}
    </Group>
  );
}
