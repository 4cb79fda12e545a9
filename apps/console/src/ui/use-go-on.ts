import { useCallback, useEffect, useRef } from 'react';
import { useLocation } from 'wouter';

/**
 * Leads to the page that follows an act. It leads nowhere if the viewer has left the page while the
 * answer was on its way.
 */
export function useGoOn(): (href: string) => void {
  const [, navigate] = useLocation();
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => void (isHere.current = false);
  }, []);
  return useCallback((href) => (isHere.current ? navigate(href) : undefined), [navigate]);
}
