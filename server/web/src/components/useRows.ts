import { type RefObject, useEffect, useState } from "react";

/** How many rows of so many pixels fit into an element. */
export function useRows(element: RefObject<HTMLElement | null>, height: number): number {
  const [rows, setRows] = useState(0);
  useEffect(() => {
    if (!element.current) {
      return;
    }
    const observer = new ResizeObserver(([entry]) => {
      setRows(Math.floor((entry?.contentRect.height ?? 0) / height));
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element, height]);
  return rows;
}
