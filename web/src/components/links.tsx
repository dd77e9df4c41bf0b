/** Mantine's look on the router's links, so that everything that leads somewhere opens in a new tab too. */
import { ActionIcon, Anchor, Button, Menu, NavLink, UnstyledButton } from '@mantine/core';
import type { ActionIconProps, AnchorProps, ButtonProps, MenuItemProps, NavLinkProps, UnstyledButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import { forwardRef, type AnchorHTMLAttributes } from 'react';

type Html<P> = P & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof P>;

/** Links inside running text (`inherit`) are underlined: their colour alone would not tell them apart. */
const AnchorBase = forwardRef<HTMLAnchorElement, Html<AnchorProps>>((props, ref) => (
  <Anchor ref={ref} underline={props.inherit ? 'always' : 'hover'} {...props} />
));
AnchorBase.displayName = 'AnchorBase';
export const Link = createLink(AnchorBase);

const ButtonBase = forwardRef<HTMLAnchorElement, Html<ButtonProps>>((props, ref) => (
  <Button component="a" ref={ref} {...props} />
));
ButtonBase.displayName = 'ButtonBase';
export const LinkButton = createLink(ButtonBase);

const IconBase = forwardRef<HTMLAnchorElement, Html<ActionIconProps>>((props, ref) => (
  <ActionIcon component="a" ref={ref} {...props} />
));
IconBase.displayName = 'IconBase';
export const LinkIcon = createLink(IconBase);

const MenuBase = forwardRef<HTMLAnchorElement, Html<MenuItemProps>>((props, ref) => (
  <Menu.Item component="a" ref={ref} {...props} />
));
MenuBase.displayName = 'MenuBase';
export const LinkMenuItem = createLink(MenuBase);

const NavBase = forwardRef<HTMLAnchorElement, Html<NavLinkProps>>((props, ref) => (
  <NavLink component="a" ref={ref} {...props} />
));
NavBase.displayName = 'NavBase';
export const LinkNav = createLink(NavBase);

const PlainBase = forwardRef<HTMLAnchorElement, Html<UnstyledButtonProps>>((props, ref) => (
  <UnstyledButton component="a" ref={ref} {...props} />
));
PlainBase.displayName = 'PlainBase';
/** A link without any look of its own: for cards and rows. */
export const LinkPlain = createLink(PlainBase);
