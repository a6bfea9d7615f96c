/** Values that change over time, outside of React and within. */

import { useSyncExternalStore } from "react";

export interface Observable<T> {
  readonly get: () => T;
  /** Calls back after each change, until what it returns is called. */
  readonly subscribe: (changed: () => void) => () => void;
}

/** A value that can be set. */
export class Cell<T> implements Observable<T> {
  readonly #listeners = new Set<() => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  readonly get = (): T => this.#value;

  readonly subscribe = (changed: () => void): (() => void) => {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) {
      return;
    }
    this.#value = value;
    for (const changed of [...this.#listeners]) {
      changed();
    }
  }
}

/** The value as it is, in a component that follows it. */
export function useValue<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get);
}
