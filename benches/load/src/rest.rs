//! Orders over REST: one request after the other over a connection that is kept.

use std::time::Instant;

use crate::account::Pair;
use crate::flow::Trader;
use crate::http::Http;
use crate::round::{Tally, Until};

/// Asks until it is over.
pub(crate) async fn ask(
    mut http: Http,
    pair: &Pair,
    mut trader: Trader,
    mut until: Until,
) -> anyhow::Result<Tally> {
    let (mut tally, mut request) = (Tally::default(), String::new());
    while until.one_more() {
        let ask = trader.next();
        request.clear();
        pair.key(ask.side()).rest(&ask, &mut request);
        let asked = Instant::now();
        let answer = http.send(request.as_bytes()).await?;
        tally.answered(&ask, asked.elapsed());
        if answer.status == 200 {
            trader.done(&ask);
        } else {
            tally.failed(answer.to_string());
        }
    }
    Ok(tally)
}
