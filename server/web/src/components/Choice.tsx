interface Props<T extends string> {
  readonly legend: string;
  readonly className: string;
  readonly choices: readonly (readonly [value: T, text: string])[];
  readonly chosen: T;
  readonly onChoose: (value: T) => void;
}

/** One of a few, side by side. */
export function Choice<T extends string>({ legend, className, choices, chosen, onChoose }: Props<T>) {
  return (
    <fieldset className={`choice ${className}`}>
      <legend className="hidden">{legend}</legend>
      {choices.map(([value, text]) => (
        <label key={value} className={value.toLowerCase()}>
          <input
            type="radio"
            name={legend}
            checked={value === chosen}
            onChange={() => onChoose(value)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}
