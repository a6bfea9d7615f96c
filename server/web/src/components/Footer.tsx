/** The attribution is what the licence of the chart library asks for. */
export function Footer() {
  return (
    <footer>
      <span>All times are UTC.</span>
      <span>
        Charts:{" "}
        <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">
          TradingView Lightweight Charts™, © 2025 TradingView, Inc.
        </a>
        {" · "}
        <a href="/licences.txt">Licences</a>
      </span>
    </footer>
  );
}
