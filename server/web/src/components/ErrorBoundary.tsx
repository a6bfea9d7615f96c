import { Component, type ReactNode } from "react";

interface Props {
  readonly children: ReactNode;
}

/** Says so when the page is broken, instead of showing nothing. */
export class ErrorBoundary extends Component<Props, { readonly broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) {
      return this.props.children;
    }
    return (
      <div className="loading" role="alert">
        <p>Something in this page is broken. Your orders and balances are not affected.</p>
        <button type="button" className="button" onClick={() => window.location.reload()}>
          Load it again
        </button>
      </div>
    );
  }
}
