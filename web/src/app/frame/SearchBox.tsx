import { ActionIcon, Kbd, TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconSearch, IconX } from '@tabler/icons-react';
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { textOf } from '../address';

import classes from './Frame.module.css';

/** The one search box; on the search page it holds the query in force. */
export function SearchBox() {
  const navigate = useNavigate();
  const location = useRouterState({ select: (state) => state.location });
  const onSearch = location.pathname === '/search';
  const inForce = onSearch ? (textOf(location.search, 'q') ?? '') : '';
  const [text, setText] = useState(inForce);
  const [shown, setShown] = useState(inForce);
  const input = useRef<HTMLInputElement>(null);
  if (shown !== inForce) {
    setShown(inForce);
    setText(inForce);
  }
  useHotkeys([['/', () => input.current?.focus()]]);
  const go = (q: string) => {
    const keep = onSearch ? location.search : {};
    void navigate({ to: '/search', search: { ...keep, q: q.trim() || undefined, page: undefined } });
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
      <TextInput
        ref={input}
        type="search"
        size="sm"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
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
    </form>
  );
}
