/** Full screen: the viewer covers the page and the page the screen, so that menus and dialogs still show above it. */

import { useCallback, useEffect, useState } from 'react';

export function useFullScreen(): { active: boolean; toggle: () => void } {
  const [active, setActive] = useState(false);

  useEffect(() => {
    const left = () => {
      if (!document.fullscreenElement) setActive(false);
    };
    document.addEventListener('fullscreenchange', left);
    return () => document.removeEventListener('fullscreenchange', left);
  }, []);

  const toggle = useCallback(() => {
    setActive((before) => !before);
    if (document.fullscreenElement) void document.exitFullscreen();
    // Where the browser forbids it, the viewer still fills the window.
    else document.documentElement.requestFullscreen().catch(() => null);
  }, []);

  return { active, toggle };
}
