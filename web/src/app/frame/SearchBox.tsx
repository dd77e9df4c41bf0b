import { ActionIcon, Combobox, Kbd, Text, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue, useHotkeys } from '@mantine/hooks';
import { IconSearch, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { completionsQuery } from '@/api/queries';
import type { Completion } from '@/api/types';

import { textOf } from '../address';

import { completed } from './completed';
import classes from './Frame.module.css';

const PAUSE_MS = 120;

/** The one search box; on the search page it holds the query in force. What is typed is completed. */
export function SearchBox() {
  const navigate = useNavigate();
  const location = useRouterState({ select: (state) => state.location });
  const onSearch = location.pathname === '/search';
  const inForce = onSearch ? (textOf(location.search, 'q') ?? '') : '';
  const [text, setText] = useState(inForce);
  const [shown, setShown] = useState(inForce);
  const [caret, setCaret] = useState(inForce.length);
  const input = useRef<HTMLInputElement>(null);
  const list = useCombobox({ onDropdownClose: () => list.resetSelectedOption() });
  if (shown !== inForce) {
    setShown(inForce);
    setText(inForce);
  }
  useHotkeys([['/', () => input.current?.focus()]]);
  const offers = useOffers(text, caret, list.dropdownOpened);

  const go = (q: string) => {
    list.closeDropdown();
    const keep = onSearch ? location.search : {};
    void navigate({ to: '/search', search: { ...keep, q: q.trim() || undefined, page: undefined } });
  };
  const pick = (chosen: string) => {
    const item = offers?.items.find((one) => one.text === chosen);
    if (!offers || !item) return;
    const made = completed(text, offers, item.text);
    setText(made.text);
    setCaret(made.caret);
    list.resetSelectedOption();
    window.requestAnimationFrame(() => {
      if (input.current?.value !== made.text) return; // who types on before the next frame keeps her place
      input.current.focus();
      input.current.setSelectionRange(made.caret, made.caret);
    });
  };
  const typed = (field: HTMLInputElement) => {
    setText(field.value);
    setCaret(field.selectionStart ?? field.value.length);
    list.openDropdown();
    list.resetSelectedOption();
  };
  return (
    <form
      role="search"
      className={classes.search}
      onSubmit={(event) => {
        event.preventDefault();
        go(text);
      }}
    >
      <Combobox store={list} onOptionSubmit={pick} position="bottom-start" offset={4} withinPortal={false}>
        <Combobox.Target withExpandedAttribute>
          <TextInput
            ref={input}
            type="search"
            role="combobox"
            aria-autocomplete="list"
            size="sm"
            value={text}
            onChange={(event) => typed(event.currentTarget)}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? text.length)}
            onClick={() => list.openDropdown()}
            onBlur={() => list.closeDropdown()}
            onKeyDown={(event) => {
              if (event.key === 'Escape' && !list.dropdownOpened) event.currentTarget.blur();
            }}
            placeholder="Search data"
            aria-label="Search data"
            aria-keyshortcuts="/"
            leftSection={<IconSearch size={16} stroke={1.8} />}
            rightSection={
              text === '' ? (
                <Kbd size="xs" className={classes.keys} aria-hidden>
                  /
                </Kbd>
              ) : (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label="Clear the search"
                  onClick={() => {
                    setText('');
                    if (onSearch) go('');
                    input.current?.focus();
                  }}
                >
                  <IconX size={14} />
                </ActionIcon>
              )
            }
          />
        </Combobox.Target>
        <Combobox.Dropdown hidden={!offers || offers.items.length === 0} className={classes.offers ?? ''}>
          <Combobox.Options aria-label="Completions" mah={360} style={{ overflowY: 'auto' }}>
            {offers?.items.map((item) => <Offer key={item.text} item={item} />)}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
    </form>
  );
}

function Offer({ item }: { item: Completion }) {
  return (
    <Combobox.Option value={item.text} className={classes.offer ?? ''}>
      <span className={classes.offerLabel}>{item.label}</span>
      {item.detail && (
        <Text span size="xs" c="dimmed" truncate>
          {item.detail}
        </Text>
      )}
    </Combobox.Option>
  );
}

/** What may stand at the caret; the last list stays while the next is on its way. */
function useOffers(text: string, caret: number, open: boolean) {
  const [[q, at]] = useDebouncedValue<[string, number]>([text, caret], PAUSE_MS);
  const { data } = useQuery({ ...completionsQuery(q, at), enabled: open && q === text });
  return open && q === text && at === caret ? data : undefined;
}
