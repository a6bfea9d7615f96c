export interface Told {
  readonly good: boolean;
  readonly text: string;
}

/** What has become of something that was done here. */
export function Message({ told }: { readonly told: Told | null }) {
  if (!told) {
    return null;
  }
  return (
    <p className={told.good ? "message good" : "message bad"} role={told.good ? "status" : "alert"}>
      {told.text}
    </p>
  );
}
