import type { KeyboardEvent } from "react";

interface Props<T extends string> {
  readonly label: string;
  readonly tabs: readonly (readonly [id: T, text: string])[];
  readonly chosen: T;
  readonly onChoose: (id: T) => void;
}

/** Tabs as screen readers and keyboards expect them; the panel is `panel-<id>`. */
export function Tabs<T extends string>({ label, tabs, chosen, onChoose }: Props<T>) {
  const move = (event: KeyboardEvent<HTMLButtonElement>) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) {
      return;
    }
    const index = tabs.findIndex(([id]) => id === chosen);
    const next = tabs[(index + step + tabs.length) % tabs.length];
    if (next) {
      onChoose(next[0]);
      document.getElementById(`tab-${next[0]}`)?.focus();
    }
  };
  return (
    <div className="tabs" role="tablist" aria-label={label}>
      {tabs.map(([id, text]) => (
        <button
          key={id}
          id={`tab-${id}`}
          type="button"
          role="tab"
          aria-selected={id === chosen}
          aria-controls={`panel-${id}`}
          tabIndex={id === chosen ? 0 : -1}
          onClick={() => onChoose(id)}
          onKeyDown={move}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
