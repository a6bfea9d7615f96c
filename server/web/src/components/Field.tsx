import { useId } from "react";

interface Props {
  readonly label: string;
  readonly unit: string;
  readonly value: string;
  readonly problem?: string | undefined;
  readonly onChange: (value: string) => void;
  readonly onBlur?: () => void;
}

/** A decimal to type in. */
export function Field({ label, unit, value, problem, onChange, onBlur }: Props) {
  const id = useId();
  return (
    <div className="field">
      <div className={problem ? "input wrong" : "input"}>
        <label htmlFor={id}>{label}</label>
        <input
          id={id}
          value={value}
          inputMode="decimal"
          autoComplete="off"
          spellCheck={false}
          aria-invalid={problem !== undefined}
          aria-describedby={problem ? `${id}-problem` : undefined}
          onChange={(event) => onChange(event.target.value)}
          onBlur={onBlur}
        />
        <span className="unit">{unit}</span>
      </div>
      {problem && (
        <p id={`${id}-problem`} className="problem">
          {problem}
        </p>
      )}
    </div>
  );
}
