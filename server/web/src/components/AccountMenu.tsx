import { useState } from "react";

import { explain } from "../api/http.ts";
import { useValue } from "../state/cell.ts";
import { useExchange } from "../state/exchange.ts";
import type { SignInMode } from "./SignIn.tsx";

/** Who is signed in, and the way in and out. */
export function AccountMenu({ onSignIn }: { readonly onSignIn: (mode: SignInMode) => void }) {
  const { trader } = useExchange();
  const session = useValue(trader.session);
  const [problem, setProblem] = useState<string | null>(null);

  if (session === undefined) {
    return <div className="account" />;
  }
  if (session === null) {
    return (
      <div className="account">
        <button type="button" className="button quiet" onClick={() => onSignIn("sign in")}>
          Sign in
        </button>
        <button type="button" className="button" onClick={() => onSignIn("register")}>
          Create account
        </button>
      </div>
    );
  }
  const signOut = async () => {
    try {
      await trader.signOut();
      setProblem(null);
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <div className="account">
      {problem && (
        <span className="down" role="alert">
          {problem}
        </span>
      )}
      <span className="user" title={`Account ${session.accountId}`}>
        {session.username}
      </span>
      <button type="button" className="button quiet" onClick={() => void signOut()}>
        Sign out
      </button>
    </div>
  );
}
