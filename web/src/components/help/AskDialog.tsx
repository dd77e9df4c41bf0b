import { Modal } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { Loaded } from '@/components/states';

import { AskForm } from './AskForm';
import type { Picture } from './picture';
import { draftQuery, type About } from './queries';

interface AskDialogProps {
  about: About;
  onClose: () => void;
  capture?: (() => Promise<Picture>) | undefined;
  /** Where the person goes on with what she did instead of opening the request. */
  stay?: boolean;
}

/** Asking for help about something; what would go with it is gathered when the dialog opens. */
export function AskDialog({ about, onClose, capture, stay = false }: AskDialogProps) {
  const query = useQuery(draftQuery(about));
  const navigate = useNavigate();
  const onSent = (id: string) => {
    onClose();
    notifications.show({ color: 'green', title: 'Your request was sent', message: 'You are told here, and by mail where this facility sends any, when there is an answer.' });
    if (!stay) void navigate({ to: '/support/$id', params: { id } });
  };
  return (
    <Modal opened onClose={onClose} title="Get help" size="lg" closeOnClickOutside={false}>
      <Loaded query={query}>{(draft) => <AskForm draft={draft} capture={capture} onSent={onSent} />}</Loaded>
    </Modal>
  );
}
