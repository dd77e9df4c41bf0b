import type { KeyboardEvent } from 'react';

interface Item {
  group: boolean;
  open: boolean;
  toggle: (open: boolean) => void;
  activate: () => void;
}

/** The keys of a tree as WAI-ARIA describes them: arrows, Home, End, Enter, Space. */
export function moveInTree(event: KeyboardEvent<HTMLElement>, item: Item): void {
  const here = event.currentTarget;
  const items = [...(here.closest('[role="tree"]')?.querySelectorAll<HTMLElement>('[role="treeitem"]') ?? [])];
  const index = items.indexOf(here);
  const parent = here.closest('[role="group"]')?.parentElement?.querySelector<HTMLElement>(':scope > [role="treeitem"]');
  const actions: Record<string, () => void> = {
    ArrowDown: () => items[index + 1]?.focus(),
    ArrowUp: () => items[index - 1]?.focus(),
    Home: () => items[0]?.focus(),
    End: () => items.at(-1)?.focus(),
    ArrowRight: () => {
      if (!item.group) return;
      if (item.open) items[index + 1]?.focus();
      else item.toggle(true);
    },
    ArrowLeft: () => {
      if (item.group && item.open) item.toggle(false);
      else parent?.focus();
    },
    Enter: item.activate,
    ' ': item.activate,
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}
