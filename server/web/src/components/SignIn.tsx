import { type FormEvent, useEffect, useRef, useState } from "react";

import { explain, wantsCode } from "../api/http.ts";
import { useExchange } from "../state/exchange.ts";

export type SignInMode = "sign in" | "register";

interface Props {
  readonly mode: SignInMode;
  readonly onClose: () => void;
}

/** The dialog to sign in or to open an account. */
export function SignIn({ mode: initial, onClose }: Props) {
  const { trader } = useExchange();
  const dialog = useRef<HTMLDialogElement>(null);
  const [mode, setMode] = useState(initial);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [asksForCode, setAsksForCode] = useState(false);
  const isNew = mode === "register";
  const title = isNew ? "Create account" : "Sign in";

  useEffect(() => dialog.current?.showModal(), []);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [username, password] = [form.get("username"), form.get("password")];
    const code = form.get("code");
    if (typeof username !== "string" || typeof password !== "string") {
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await (isNew
        ? trader.register(username, password)
        : trader.signIn(username, password, typeof code === "string" ? code : null));
      dialog.current?.close();
    } catch (error) {
      // That a code is asked for is no problem until one was given.
      const isFirst = wantsCode(error) && !asksForCode;
      setAsksForCode(asksForCode || wantsCode(error));
      setProblem(isFirst ? null : explain(error));
      setBusy(false);
    }
  };

  return (
    <dialog ref={dialog} aria-labelledby="sign-in-title" onClose={onClose}>
      {/* Should scripts fail, the password must not end up in an address. */}
      <form method="post" onSubmit={(event) => void submit(event)}>
        <header>
          <h2 id="sign-in-title">{title}</h2>
          <button
            type="button"
            className="icon"
            aria-label="Close"
            onClick={() => dialog.current?.close()}
          >
            ×
          </button>
        </header>
        <label>
          Username
          <input name="username" autoComplete="username" autoCapitalize="none" required />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete={isNew ? "new-password" : "current-password"}
            required
          />
        </label>
        {asksForCode && !isNew && (
          <label>
            Code of your second factor
            <input
              name="code"
              autoComplete="one-time-code"
              autoCapitalize="none"
              autoFocus
              required
            />
          </label>
        )}
        {problem && (
          <p className="message bad" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" className="button wide" disabled={busy}>
          {busy ? "One moment…" : title}
        </button>
        <p className="aside">
          {isNew ? "Have an account already?" : "New here?"}{" "}
          <button
            type="button"
            className="link"
            onClick={() => {
              setMode(isNew ? "sign in" : "register");
              setProblem(null);
            }}
          >
            {isNew ? "Sign in instead" : "Create one"}
          </button>
        </p>
      </form>
    </dialog>
  );
}
